"""Which expressions of the simulator draw twice in an order that C leaves open.

gcc and clang evaluate arguments, operands and initialisers in different orders. Two draws in one
such expression are two histories from one seed; what stands on the two sides of && || ? : is in
order, and so is a draw in the arguments of another."""
import re

DRAWS = {"sim_next", "sim_below", "sim_chance"}
TOKEN = re.compile(r"[A-Za-z_]\w*|&&|\|\||[-+*/%&|^<>=!]=|[()\[\]{};,?:=]|\S")
CLOSE = {"(": ")", "[": "]", "{": "}"}


def tree(tokens):
    """Nested lists: a group is [bracket, items…]; everything else is (token, line)."""
    top = ["{"]
    stack = [top]
    for token, line in tokens:
        if token in CLOSE:
            group = [token]
            stack[-1].append(group)
            stack.append(group)
        elif token in CLOSE.values():
            if len(stack) > 1:
                stack.pop()
        else:
            stack[-1].append((token, line))
    return top


def split(items, words):
    parts = [[]]
    for item in items:
        if isinstance(item, tuple) and item[0] in words:
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def operands(items, drawing):
    """Draws of operands that are not put in order with each other."""
    count = 0
    for i, item in enumerate(items):
        if isinstance(item, list):
            inner = elements(item[1:], drawing)
            before = items[i - 1] if i > 0 else None
            called = item[0] == "(" and isinstance(before, tuple) and before[0] in drawing
            count += max(1, inner) if called else inner
    return count


def ordered(items, drawing):
    return max(operands(part, drawing) for part in split(items, ("&&", "||", "?", ":")))


def elements(items, drawing):
    """Of arguments, an initialiser or a for's head: between its commas nothing is in order."""
    return max(sum(ordered(x, drawing) for x in split(part, (",",)))
               for part in split(items, (";",)))


def line_of(items):
    for item in items:
        if isinstance(item, tuple):
            return item[1]
        line = line_of(item[1:])
        if line is not None:
            return line
    return None


def statements(items, drawing):
    """(line, draws) of every full expression in a block; declarators are in order."""
    held = []
    for item in items + [(";", 0)]:
        block = isinstance(item, list) and item[0] == "{"
        if block:
            words = [x[0] for x in held if isinstance(x, tuple)]
            block = "=" not in words and words[:1] != ["return"]
        if block or item == (";", 0) or (isinstance(item, tuple) and item[0] == ";"):
            if held:
                yield line_of(held) or 0, max(ordered(x, drawing) for x in split(held, (",",)))
            held = []
            if block:
                yield from statements(item[1:], drawing)
        else:
            held.append(item)


def functions(code):
    """(name, first line, text) of every function of a file whose braces stand in column 0."""
    head, start = [], None
    for number, line in enumerate(code.split("\n"), 1):
        if line.rstrip() == "{":
            name = re.search(r"(\w+)\s*\(", " ".join(head))
            start, body, known = number, [], name.group(1) if name else ""
            static = bool(head) and " ".join(head).lstrip().startswith("static")
            head = []
        elif line.startswith("}") and start is not None:
            yield known, static, start, "\n".join(body)
            start = None
        elif start is not None:
            body.append(line)
        elif not line.strip() or line.rstrip().endswith((";", "}")) or line.startswith("#"):
            head = []
        else:
            head.append(line)


def calls(text, names):
    return any(re.search(rf"\b{n}\s*\(", text) for n in names)


def drawing_names(files):
    """Who draws, itself or by whom it calls: {path: names}, static ones in their own file only."""
    shared = set(DRAWS)
    own = {path: set() for path in files}
    grown = True
    while grown:
        grown = False
        for path, found in files.items():
            for name, static, _, text in found:
                to = own[path] if static else shared
                if name and name not in to and calls(text, shared | own[path]):
                    to.add(name)
                    grown = True
    return {path: shared | own[path] for path in files}


def check(texts):
    """(path, line) of every expression with two draws; texts are {path: code without comments}."""
    files = {path: list(functions(code)) for path, code in texts.items()}
    drawing = drawing_names(files)
    for path, found in sorted(files.items()):
        for _, _, start, text in found:
            tokens = [(m.group(), start + 1 + text.count("\n", 0, m.start()))
                      for m in TOKEN.finditer(text)]
            for line, draws in statements(tree(tokens)[1:], drawing[path]):
                if draws > 1:
                    yield path, line
