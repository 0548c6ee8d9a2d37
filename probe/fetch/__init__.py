"""Fetching the files that a stage needs, by commit, through huggingface_hub's client into its cache layout.

``with Fetcher(models, endpoint=..., token=..., budget=..., largest=...) as hub: hub.model(model_id, commit)`` gives a
:class:`Fetched`: where the files lie, what was downloaded and held against which hash, or the word of a closed list
that says why not.

* One listing tells names, sizes and hashes; then one GET per file, no HEAD: a hub counts both as downloads.
* A file is verified (sha256, or git's own sha1 for small ones) before it enters the cache. One that does not match is
  deleted and never seen by a stage.
* Of weights larger than ``largest`` only the table of embeddings is read, by byte ranges, into
  ``partial.safetensors``.
* A download that was cut off goes on where it stopped, in a later run too.
* Requests, bytes and query files are counted; waiting follows Retry-After; the token goes to its own host only.
"""

from probe.fetch.fetcher import Fetcher
from probe.fetch.results import Fetched, Got
from probe.fetch.wanted import STAGES, Remote, Wanted, choose

__all__ = ["STAGES", "Fetched", "Fetcher", "Got", "Remote", "Wanted", "choose"]
