"""TensorFlow's operations that reach beyond the graph, by name."""

from __future__ import annotations

import re
from typing import Literal

from probe.scan.readers import words

#: Write files or run what the host registered.
_WRITES = words("WriteFile SaveDataset SaveDatasetV2 DistributedSave DatasetToTFRecord DatasetToTFRecordV2")
_REACHES = words(
    "ReadFile MatchingFiles MatchingFilesDataset PyFunc PyFuncStateless EagerPyFunc Rpc TryRpc LoadDataset "
    "LoadDatasetV2 WriteGraphSummary WriteSummary WriteRawProtoSummary WriteImageSummary WriteAudioSummary "
    "WriteHistogramSummary WriteScalarSummary CreateSummaryFileWriter CreateSummaryDbWriter ImportEvent "
    "FileSystemSetConfiguration RegisterDataset RegisterDatasetV2 DataServiceDataset DataServiceDatasetV2 "
    "DataServiceDatasetV3 DataServiceDatasetV4 SnapshotDataset SnapshotDatasetV2 DebugNumericSummary "
    "GcsConfigureBlockCache GcsConfigureCredentials BigQueryReader SqlDataset ExperimentalSqlDataset"
)
_READS = words(
    "WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2 FixedLengthRecordReader "
    "FixedLengthRecordReaderV2 TFRecordReader TFRecordReaderV2 LMDBReader TextLineDataset TFRecordDataset "
    "FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 LMDBDataset TRTEngineOp"
)
_ODD = re.compile(
    r"shell|exec(?:ute)?(?:command|file|shell)|popen|subprocess|systemcall|runcommand|download|curl", re.I
)
_NAME = re.compile(r"[A-Za-z_>.][\w>./\\-]*\Z")

Reach = Literal["writes", "reaches", "reads", "custom", ""]


def reach(op: str) -> Reach:
    """What an operation may do beyond the graph: ``writes`` files; ``reaches`` files, the network or Python of the
    host; ``reads`` records; ``custom``: of a namespace that TensorFlow does not have; or nothing.
    """
    if op in _WRITES:
        return "writes"
    if op in _REACHES or _ODD.search(op):
        return "reaches"
    if op in _READS:
        return "reads"
    return "custom" if ">" in op else ""


def is_op(name: str) -> bool:
    """Whether it has the form of an operation's name."""
    return _NAME.match(name) is not None
