"""Reading the files of an untrusted checkpoint under caps: configuration, tensors, tokenizer.

Nothing here runs code of the checkpoint, follows a name outside its folder, or asks the network. What does not fit is
a :class:`Refused` with a word of a closed list.
"""

from probe.loading.refusal import Refused

__all__ = ["Refused"]
