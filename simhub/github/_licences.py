"""Licence files as repositories have them, and what a forge makes of them.

Short licences are whole; of the long ones the first lines and the notice stand for all of it.
"""

from __future__ import annotations

from random import Random

MIT = """MIT License

Copyright (c) {year} {owner}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
BSD = """BSD 3-Clause License

Copyright (c) {year}, {owner}

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its
   contributors may be used to endorse or promote products derived from
   this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""
APACHE = """SPDX-License-Identifier: Apache-2.0

                                 Apache License
                           Version 2.0, January 2004
                        http://www.apache.org/licenses/

   TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION

   Copyright {year} {owner}

   Licensed under the Apache License, Version 2.0 (the "License");
   you may not use this file except in compliance with the License.
   You may obtain a copy of the License at

       http://www.apache.org/licenses/LICENSE-2.0

   Unless required by applicable law or agreed to in writing, software
   distributed under the License is distributed on an "AS IS" BASIS,
   WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
   See the License for the specific language governing permissions and
   limitations under the License.
"""
GPL = """SPDX-License-Identifier: GPL-3.0-only

                    GNU GENERAL PUBLIC LICENSE
                       Version 3, 29 June 2007

 Copyright (C) 2007 Free Software Foundation, Inc. <https://fsf.org/>
 Everyone is permitted to copy and distribute verbatim copies
 of this license document, but changing it is not allowed.
"""
ODD = (
    "You may use this. Or not. Ask {owner} first, in {year} or later.\n",
    "Research use only. No commercial use, no redistribution, no training. (c) {year} {owner}\n",
    "All rights reserved.\n",
    "本软件仅供学习交流使用，禁止用于商业用途。\n",
)
#: The file, what it says, what the forge makes of it (None: no file), and how often.
_KINDS: tuple[tuple[tuple[tuple[str, str], ...], str | None, float], ...] = (
    ((), None, 45),
    ((("LICENSE", MIT),), "MIT", 25),
    ((("LICENSE", APACHE),), "Apache-2.0", 13),
    ((("LICENSE.md", GPL),), "GPL-3.0", 6),
    ((("LICENSE.txt", BSD),), "BSD-3-Clause", 4),
    ((("LICENSE", ODD[0]),), "NOASSERTION", 2),
    ((("LICENSE", ODD[1]),), "NOASSERTION", 1),
    ((("LICENSE", ODD[2]),), "NOASSERTION", 0.5),
    ((("LICENCE", ODD[3]),), "NOASSERTION", 0.5),
    # Of two the forge names the first.
    ((("LICENSE-APACHE", APACHE), ("LICENSE-MIT", MIT)), "Apache-2.0", 3),
)
_WEIGHTS = [weight for *_, weight in _KINDS]


def licence(owner: str, year: int, rng: Random) -> tuple[dict[str, bytes], str | None]:
    """The licence files of a repository, and the SPDX id that the forge detects."""
    files, spdx, _ = rng.choices(_KINDS, _WEIGHTS)[0]
    return {path: text.format(owner=owner, year=year).encode() for path, text in files}, spdx
