"""The claims of a model's card, held against a measurement of our own."""

from __future__ import annotations

from probe.examination import Examination
from probe.stages import child
from probe.stages.subject import Options, Subject

TOOL = "hubcensus-verify/1"


def examine(subject: Subject, options: Options) -> Examination:
    """Every claim gets a verdict, if only the reason why it cannot be verified."""
    from probe.claims import refused

    done = Examination(subject.hub, subject.model_id, subject.revision, "verify", TOOL)
    arguments = {
        "folder": str(subject.folder),
        "datasets": str(options.datasets.resolve()) if options.datasets else None,
        "margin": options.margin,
        "seed": options.seed,
        "limit": options.examples,
        "device": options.device,
        # Claims that are not reached in time are told apart from a child that was stopped.
        "seconds": 0.8 * options.seconds,
    }
    readable = [subject.folder, *([options.datasets] if options.datasets else [])]
    answer = child.ask(done, "probe.claims.worker:verify", arguments, options, readable)
    if answer is not None:
        done.measurements = answer["measurements"]
        done.environment |= answer.get("environment", {})
    else:
        done.measurements = refused(subject.folder, done.code or "LOAD_ERROR", done.reason)
    return done
