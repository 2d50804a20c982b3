import sys; sys.argv=["x","nothing"]
from p_onnx import *
import rfield.frontends.machine.emit as e
b = io.BytesIO(); torch.onnx.export(Att(), (torch.randn(1, 8, 2),), b, dynamo=False); om = onnx.load_from_string(b.getvalue())
for n in om.graph.node: print(n.op_type, list(n.input), list(n.output), [ (a.name, nh.to_array(a.t).shape, nh.to_array(a.t).dtype) for a in n.attribute if a.HasField("t")])
print([(i.name, i.dims) for i in om.graph.initializer])
o=e.Emitter._add
def add(self, op, operands, name):
    r=o(self,op,operands,name)
    print(name, op.kind, op.algebra if not hasattr(op.algebra,"labels") else "contract", type(r).__name__, getattr(r,"told",None) is not None, getattr(r,"unseen",None), self.draft.nodes[r.index].op.exact if hasattr(r,"index") else None)
    return r
e.Emitter._add=add
rfield.load(om, axes=(1,))
