"""The few protobuf messages in which TensorFlow writes graphs, described without TensorFlow.

Field names and numbers are those of ``tensorflow/core/framework/*.proto`` and
``tensorflow/core/protobuf/{saved_model,meta_graph,saved_object_graph}.proto``; what rfield does not
need is left out, and protobuf skips it. The descriptors live in a pool of their own, so that a
TensorFlow in the same process is not disturbed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "bool": _FIELD.TYPE_BOOL,
    "float": _FIELD.TYPE_FLOAT,
    "double": _FIELD.TYPE_DOUBLE,
    "DataType": _FIELD.TYPE_ENUM,
}

_DATA_TYPES = [
    "INVALID",
    "FLOAT",
    "DOUBLE",
    "INT32",
    "UINT8",
    "INT16",
    "INT8",
    "STRING",
    "COMPLEX64",
    "INT64",
    "BOOL",
    "QINT8",
    "QUINT8",
    "QINT32",
    "BFLOAT16",
    "QINT16",
    "QUINT16",
    "UINT16",
    "COMPLEX128",
    "HALF",
    "RESOURCE",
    "VARIANT",
    "UINT32",
    "UINT64",
    "FLOAT8_E5M2",
    "FLOAT8_E4M3FN",
    "FLOAT8_E4M3FNUZ",
    "FLOAT8_E4M3B11FNUZ",
    "FLOAT8_E5M2FNUZ",
    "INT4",
    "UINT4",
    "INT2",
    "UINT2",
]

# message -> {field: (number, type)}; `*` repeated, `map ` a map from string, `|` member of a oneof.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Dim": {"size": (1, "int64"), "name": (2, "string")},
    "TensorShapeProto": {"dim": (2, "*Dim"), "unknown_rank": (3, "bool")},
    "TensorProto": {
        "dtype": (1, "DataType"), "tensor_shape": (2, "TensorShapeProto"),
        "version_number": (3, "int32"), "tensor_content": (4, "bytes"),
        "half_val": (13, "*int32"), "float_val": (5, "*float"), "double_val": (6, "*double"),
        "int_val": (7, "*int32"), "string_val": (8, "*bytes"), "int64_val": (10, "*int64"),
        "bool_val": (11, "*bool"),
    },
    "ListValue": {
        "s": (2, "*bytes"), "i": (3, "*int64"), "f": (4, "*float"), "b": (5, "*bool"),
        "type": (6, "*DataType"), "shape": (7, "*TensorShapeProto"), "tensor": (8, "*TensorProto"),
        "func": (9, "*NameAttrList"),
    },
    "NameAttrList": {"name": (1, "string"), "attr": (2, "map AttrValue")},
    "AttrValue": {
        "s": (2, "|bytes"), "i": (3, "|int64"), "f": (4, "|float"), "b": (5, "|bool"),
        "type": (6, "|DataType"), "shape": (7, "|TensorShapeProto"), "tensor": (8, "|TensorProto"),
        "list": (1, "|ListValue"), "func": (10, "|NameAttrList"), "placeholder": (9, "|string"),
    },
    "NodeDef": {
        "name": (1, "string"), "op": (2, "string"), "input": (3, "*string"),
        "device": (4, "string"), "attr": (5, "map AttrValue"),
    },
    "ArgDef": {
        "name": (1, "string"), "type": (3, "DataType"), "type_attr": (4, "string"),
        "number_attr": (5, "string"), "type_list_attr": (6, "string"),
    },
    "OpDef": {
        "name": (1, "string"), "input_arg": (2, "*ArgDef"), "output_arg": (3, "*ArgDef"),
    },
    "ArgAttrs": {"attr": (1, "map AttrValue")},
    "FunctionDef": {
        "signature": (1, "OpDef"), "node_def": (3, "*NodeDef"), "ret": (4, "map string"),
        "attr": (5, "map AttrValue"),
    },
    "FunctionDefLibrary": {"function": (1, "*FunctionDef")},
    "VersionDef": {"producer": (1, "int32"), "min_consumer": (2, "int32")},
    "GraphDef": {
        "node": (1, "*NodeDef"), "library": (2, "FunctionDefLibrary"),
        "versions": (4, "VersionDef"),
    },
    "CutGraphDef": {"node": (1, "*bytes"), "library": (2, "FunctionDefLibrary")},
    "MetaInfoDef": {"tags": (4, "*string")},
    "TensorInfo": {
        "name": (1, "string"), "dtype": (2, "DataType"), "tensor_shape": (3, "TensorShapeProto"),
    },
    "SignatureDef": {
        "inputs": (1, "map TensorInfo"), "outputs": (2, "map TensorInfo"),
        "method_name": (3, "string"),
    },
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"), "graph_def": (2, "bytes"),
        "signature_def": (5, "map SignatureDef"), "object_graph_def": (7, "SavedObjectGraph"),
    },
    "SavedVariable": {
        "dtype": (1, "DataType"), "shape": (2, "TensorShapeProto"), "trainable": (3, "bool"),
        "name": (6, "string"),
    },
    "SavedObject": {"variable": (7, "|SavedVariable")},
    "SavedObjectGraph": {"nodes": (1, "*SavedObject")},
    "SavedModel": {
        "saved_model_schema_version": (1, "int64"), "meta_graphs": (2, "*MetaGraphDef"),
    },
}  # fmt: skip

_PACKAGE = "rfield.tensorflow"


def _file() -> descriptor_pb2.FileDescriptorProto:
    """All messages as one proto file."""
    file = descriptor_pb2.FileDescriptorProto(
        name="rfield/tensorflow.proto", package=_PACKAGE, syntax="proto3"
    )
    enum = file.enum_type.add(name="DataType")
    for number, name in enumerate(_DATA_TYPES):
        enum.value.add(name=f"DT_{name}", number=number)
    for number, name in enumerate(_DATA_TYPES[1:], 101):
        enum.value.add(name=f"DT_{name}_REF", number=number)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            made = message.field.add(name=field, number=number, label=_FIELD.LABEL_OPTIONAL)
            if kind[0] == "*":
                made.label = _FIELD.LABEL_REPEATED
            elif kind[0] == "|":
                if not message.oneof_decl:
                    message.oneof_decl.add(name="value")
                made.oneof_index = 0
            if kind.startswith("map "):
                made.label = _FIELD.LABEL_REPEATED
                _set_type(made, _add_entry(message, name, field, kind[4:]))
            else:
                _set_type(made, kind.lstrip("*|"))
    return file


def _add_entry(message: Any, owner: str, field: str, kind: str) -> str:
    """The nested entry message of a map field; its full name."""
    name = "".join(part.capitalize() for part in field.split("_")) + "Entry"
    entry = message.nested_type.add(name=name)
    entry.options.map_entry = True
    _set_type(entry.field.add(name="key", number=1, label=_FIELD.LABEL_OPTIONAL), "string")
    _set_type(entry.field.add(name="value", number=2, label=_FIELD.LABEL_OPTIONAL), kind)
    return f"{owner}.{name}"


def _set_type(field: Any, kind: str) -> None:
    field.type = _SCALARS.get(kind, _FIELD.TYPE_MESSAGE)
    if kind == "DataType" or kind not in _SCALARS:
        field.type_name = f".{_PACKAGE}.{kind}"


_POOL = descriptor_pool.DescriptorPool()
_POOL.AddSerializedFile(_file().SerializeToString())


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


GraphDef: Any = _message("GraphDef")
CutGraphDef: Any = _message("CutGraphDef")
"""A ``GraphDef`` whose nodes are still bytes."""
NodeDef: Any = _message("NodeDef")
SavedModel: Any = _message("SavedModel")
"""Its ``graph_def`` are the bytes of a ``GraphDef``."""
TensorProto: Any = _message("TensorProto")
TensorShapeProto: Any = _message("TensorShapeProto")

TENSOR_SHAPE = _MESSAGES["TensorProto"]["tensor_shape"][0]
_TENSOR: Mapping[int, object] = dict.fromkeys((4, 5, 6, 7, 10, 11, 13))
_VALUE: Mapping[int, object] = {8: _TENSOR, 1: {8: _TENSOR}}
_NODE: Mapping[int, object] = {5: {2: _VALUE}}
GRAPH_FIELDS: Mapping[int, object] = {1: _NODE, 2: {1: {3: _NODE}}}
"""The way to the payloads of tensors, by field numbers (see ``stripping``)."""
SAVED_MODEL_FIELDS: Mapping[int, object] = {2: {2: GRAPH_FIELDS}}
