"""What keeps those from working who work on a connection, and is known well enough to be told in a line."""


class Hindrance(Exception):
    """The circumstances do not allow the work now; the message says all there is to say."""
