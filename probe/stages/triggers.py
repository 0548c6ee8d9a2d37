"""The behaviour of a classifier under single-token triggers and patches."""

from __future__ import annotations

from probe.examination import Examination
from probe.stages import child
from probe.stages.subject import Options, Subject

TOOL = "hubcensus-triggers/1"


def examine(subject: Subject, options: Options) -> Examination:
    """Label flip rates over the vocabulary, or patches over images; what does not apply says why."""
    done = Examination(subject.hub, subject.model_id, subject.revision, "triggers", TOOL)
    arguments = {
        "folder": str(subject.folder),
        "datasets": str(options.datasets.resolve()) if options.datasets else None,
        "plan": options.plan,
        "seed": options.seed,
        "device": options.device,
    }
    readable = [subject.folder, *([options.datasets] if options.datasets else [])]
    answer = child.ask(done, "probe.behaviour.worker:examine", arguments, options, readable)
    if answer is not None:
        done.scores, done.findings, done.tokens = answer["scores"], answer["findings"], answer["tokens"]
        done.environment |= {"facts": answer["facts"]}
    return done
