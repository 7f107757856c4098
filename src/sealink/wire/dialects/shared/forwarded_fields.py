"""The fields of a request of OpenAI's APIs that is forwarded to an upstream of the same API."""

from sealink.wire.dialect import RequestHead
from sealink.wire.raw_json.fields import Fields, to_raw
from sealink.wire.raw_json.request_fields import without_task_type


def forwarded_fields(head: RequestHead, model: str) -> Fields:
    """The client's fields, with the upstream's name for the model and without SeaLink's own `metadata.task_type`."""
    fields = dict(head.fields)
    if model != head.model:
        fields["model"] = to_raw(model)
    return fields if head.task_type is None else without_task_type(fields)
