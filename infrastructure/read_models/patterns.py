"""Patterns of LIKE: `%` any text, `_` any character, a backslash before a character that means itself."""

_WILD = "%_"
_GLOB_SPECIAL = "*?["


def canonical(pattern: str) -> str:
    """Return the same pattern with backslashes only where they change a meaning.

    Raises:
        ValueError: It ends in a backslash that stands before nothing.
    """
    return "".join(char if wild or char not in "%_\\" else f"\\{char}" for char, wild in _tokens(pattern))


def glob(pattern: str) -> str:
    """Return the pattern in the language of SQLite's GLOB, which matches case."""
    return "".join(
        {"%": "*", "_": "?"}[char] if wild else f"[{char}]" if char in _GLOB_SPECIAL else char
        for char, wild in _tokens(pattern)
    )


def beginning(pattern: str) -> str:
    """Return the text that everything begins with that the pattern matches."""
    chars = []
    for char, wild in _tokens(pattern):
        if wild:
            break
        chars.append(char)
    return "".join(chars)


def _tokens(pattern: str) -> list[tuple[str, bool]]:
    tokens = []
    chars = iter(pattern)
    for char in chars:
        if char != "\\":
            tokens.append((char, char in _WILD))
            continue
        meant = next(chars, None)
        if meant is None:
            msg = "ends in a backslash that stands before nothing"
            raise ValueError(msg)
        tokens.append((meant, False))
    return tokens
