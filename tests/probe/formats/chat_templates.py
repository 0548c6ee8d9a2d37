"""Chat templates as they are written for real models (the constructs, not anybody's text), and attacks."""

BENIGN = {
    "chatml": (
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' "
        "+ '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "roles-must-alternate": (
        "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
        "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}"
        "{% else %}{{ ' ' + message['content'] | trim + eos_token }}{% endif %}{% endfor %}"
    ),
    "tools": (
        "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
        "{%- set date_string = strftime_now('%d %b %Y') %}{%- else %}{%- set date_string = '26 Jul 2024' %}"
        "{%- endif %}{%- endif %}{%- if messages[0]['role'] == 'system' %}"
        "{%- set system_message = messages[0]['content'] | trim %}{%- set messages = messages[1:] %}"
        "{%- else %}{%- set system_message = '' %}{%- endif %}{{- bos_token }}"
        "{%- for t in tools %}{{- t | tojson(indent=4) }}{{- '\n\n' }}{%- endfor %}"
        "{%- for message in messages %}{%- if not (message.role == 'ipython' or 'tool_calls' in message) %}"
        "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim }}"
        "{%- elif 'tool_calls' in message %}{%- if message.tool_calls | length != 1 %}"
        "{{- raise_exception('single tool-calls only') }}{%- endif %}"
        "{%- set tool_call = message.tool_calls[0].function %}"
        "{%- for arg_name, arg_val in tool_call.arguments | items %}{{- arg_name + '=\"' + arg_val + '\"' }}"
        "{%- if not loop.last %}{{- ', ' }}{%- endif %}{%- endfor %}{%- endif %}{%- endfor %}"
    ),
    "namespace-thinking": (
        "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages | length - 1, is_first=false) %}"
        "{%- for message in messages[::-1] %}{%- set index = (messages | length - 1) - loop.index0 %}"
        "{%- if ns.multi_step_tool and message.role == 'user' and message.content is string and not "
        "(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}"
        "{%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}{%- endif %}{%- endfor %}"
        "{%- for message in messages %}{%- if '</think>' in message.content %}"
        "{%- set content = message.content.split('</think>')[-1].lstrip('\n') %}"
        "{%- set reasoning = message.content.split('</think>')[0].rstrip('\n').split('<think>')[-1] %}{%- endif %}"
        "{{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning.strip('\n') + '\n</think>' ~ content }}"
        "{%- endfor %}"
    ),
    "macro": (
        "{%- macro json_to_python_type(json_spec) %}{%- set basic_type_map = {'string': 'str', 'number': 'float'} %}"
        "{%- if basic_type_map[json_spec.type] is defined %}{{- basic_type_map[json_spec.type] }}"
        "{%- elif json_spec.type == 'array' %}{{- 'list[' + json_to_python_type(json_spec | items) + ']' }}"
        "{%- elif json_spec.type is iterable %}{%- for t in json_spec.type %}{{- json_to_python_type({'type': t}) }}"
        "{%- endfor %}{%- endif %}{%- endmacro %}"
        "{%- for tool in tools %}{{- json_to_python_type(tool.function.parameters) }}{%- endfor %}"
        "{%- for m in messages | selectattr('role', 'equalto', 'user') | map(attribute='content') %}"
        "{{ m }}{%- endfor %}"
    ),
    "generation-tag": (
        "{%- for message in messages %}{%- if message.role == 'assistant' %}{% generation %}{{ message.content }}"
        "{{ eos_token }}{% endgeneration %}{%- else %}{{ message.content }}{%- endif %}{%- endfor %}"
    ),
    "multimodal": (
        "{% set image_count = namespace(value=0) %}{% for message in messages %}{% if message['content'] is string %}"
        "{{ message['content'] }}{% else %}{% for content in message['content'] %}"
        "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
        "{% set image_count.value = image_count.value + 1 %}"
        "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><__image__><|vision_end|>"
        "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}{% endfor %}"
    ),
    "key-from-variable": (
        "{%- set role_map = {'user': 'human', 'assistant': 'gpt'} -%}{%- for message in messages -%}"
        "{{ role_map[message['role']] }}: {{ message[('reasoning_' ~ 'content')] or message.get('content', '') }}"
        "{%- do seen.append(message) -%}{%- if loop.index > 3 -%}{%- break -%}{%- endif -%}{%- endfor -%}"
    ),
}

#: Attacks that name what they reach.
PLAIN = {
    "catch-warnings": "{% for c in [].__class__.__base__.__subclasses__() %}{{ c().__init__ }}{% endfor %}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('true') }}",
    "namespace": "{{ namespace.__init__.__globals__.os.system('true') }}",
    "self": "{{ self.__init__.__globals__.__builtins__ }}",
    "mro-item": "{{ ''['__class__']['__mro__'][1] }}",
    "attr": "{{ messages|attr('__class__')|attr('__mro__') }}",
    "hex-escapes": "{{ messages['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "unicode-escapes": "{{ messages['\\u005f\\u005fglobals\\u005f\\u005f'] }}",
    "builtins": "{{ __builtins__.eval('1') }}",
    "import-name": "{{ __import__('os').system('true') }}",
    "format-string": "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "map-attribute": "{{ messages | map(attribute='__class__') | list }}",
    "generator-frame": "{{ (messages|map('upper')).gi_frame.f_globals }}",
}
#: Attacks that put the name together while they run.
BUILT = {
    "concat": "{{ messages['__cla' ~ 'ss__'] }}",
    "plus": "{{ messages['__' + 'class' + '__'] }}",
    "join": "{{ messages|attr(['__', 'class', '__']|join) }}",
    "joined": "{{ messages[''.join(['_', '_globals_', '_'])] }}",
    "reverse": "{{ messages|attr('__ssalc__'|reverse) }}",
    "backwards": "{{ messages['__ssalc__'[::-1]] }}",
    "replace": "{{ messages|attr('##class##'|replace('#', '_')) }}",
    "percent": "{{ messages|attr('%s%sclass%s%s' % ('_', '_', '_', '_')) }}",
    "format": "{{ messages|attr('%c%cclass%c%c'|format(95, 95, 95, 95)) }}",
    "lower": "{{ messages|attr('__CLASS__'|lower) }}",
    "times": "{{ messages['_' * 2 ~ 'init' ~ '_' * 2] }}",
    "variable": "{% set a = '__cl' %}{% set b = 'ass__' %}{{ messages[a ~ b] }}",
    "parameter": "{{ messages|attr(messages[0].content) }}",
    "map-attr": "{{ messages|map('attr', messages[0].x)|list }}",
}
#: Attacks of another kind.
OTHER = {
    "include": ("{% include '/etc/passwd' %}{{ messages }}", "template-outside"),
    "import": ("{% import 'x' as y %}{{ messages }}", "template-outside"),
    "extends": ("{% extends '../../x' %}{{ messages }}", "template-outside"),
    "getattr": ("{{ getattr(messages, 'x') }}", "template-outside"),
    "open": ("{{ open('/etc/passwd') }}{{ messages }}", "template-outside"),
    "private": ("{{ messages._thing }}", "template-private"),
    "endless": ("{% for i in range(99999999) %}{{ messages }}{% endfor %}", "template-endless"),
    "power": ("{{ messages ~ 9 ** 999999 }}", "template-endless"),
    "times": ("{{ messages ~ 'A' * 99999999 }}", "template-endless"),
    "tags": ("{{ messages }}\U000e0041\U000e0042", "template-hidden-text"),
}
