"""What schemathesis cannot know by itself of the ways in which bodies travel."""

import re

import schemathesis

# Names of a form's parts stand in a header of the part: control characters cannot, whatever a schema says of names.
PART = re.compile(r"[\x21\x23-\x7e]+")


@schemathesis.serializer("message/rfc822")
def as_it_is(ctx, value):
    """Bodies that are neither JSON nor a form go out as they are."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def filter_case(ctx, case):
    form = case.media_type == "multipart/form-data" and isinstance(case.body, dict)
    return not form or all(PART.fullmatch(name) for name in case.body)
