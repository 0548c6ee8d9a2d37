"""The weights of a model against its base, its siblings and itself, in a child process that can do little harm."""

from __future__ import annotations

from probe.examination import Examination
from probe.stages import child
from probe.stages.subject import Options, Subject

TOOL = "hubcensus-weights/1"


def examine(subject: Subject, options: Options) -> Examination:
    """Every detector of weights that applies."""
    done = Examination(subject.hub, subject.model_id, subject.revision, "weights", TOOL)
    others = [path for path in (subject.base, *subject.siblings) if path]
    arguments = {
        "model": str(subject.folder),
        "base": str(subject.base) if subject.base else None,
        "siblings": [str(path) for path in subject.siblings],
        "device": options.device,
    }
    answer = child.ask(done, "probe.weights.worker:examine", arguments, options, [subject.folder, *others])
    if answer is not None:
        done.scores, done.findings = answer["scores"], answer["findings"]
        done.environment |= {"facts": answer["facts"]}
        done.cost["read_bytes"] = answer["read_bytes"]
    return done
