"""The PyTorch side of scripts/bench.py: the same ODIN pass in several ways, one timing a line of input.

    python3 bench_torch.py WEIGHTS.safetensors [IMAGES.bin]

Reads lines `NAME COUNT`, answers `SECONDS CPU_SECONDS` for COUNT images scored in way NAME. `names` lists the ways, one
JSON line. Weights have the names of the ODIN authors' DenseNet-BC or of a Wide ResNet, or torchvision's of a ResNet of basic
blocks with the CIFAR stem; without IMAGES (CIFAR-10's
binary format) they are noise.
"""
import json
import re
import struct
import sys
import time

import torch
import torch.nn.functional as F

T, EPSILON = 1000.0, 0.0014
STD = torch.tensor([63.0, 62.1, 66.7]).view(1, 3, 1, 1) / 255
MEAN = torch.tensor([125.3, 123.0, 113.9]).view(1, 3, 1, 1) / 255


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, about in header.items():
        start, end = about["data_offsets"]
        values = torch.frombuffer(bytearray(data[8 + size + start : 8 + size + end]), dtype=torch.float32)
        tensors[name] = values.reshape(about["shape"])
    return tensors


class Network:
    """A network by its tensors' names, with each trick of ours as a switch."""

    def __init__(self, tensors, parameter_gradients=True, channels_last=False, fold=False, pool_first=False, compile=False):
        copy = {name: tensor.clone() for name, tensor in tensors.items()}
        self.channels_last, self.fold, self.pool_first = channels_last, fold, pool_first
        if fold:
            # DenseNet: bn2 follows conv1 directly, in a Wide ResNet too.
            for name in [name for name in copy if name.endswith(".conv1.weight") and "layer" in name]:
                bn = name.replace("conv1.weight", "bn2")
                slope, shift = affine(copy, bn)
                copy[name] = copy[name] * slope.view(-1, 1, 1, 1)
                copy[name.replace("weight", "bias")] = shift
        for name, tensor in copy.items():
            if channels_last and tensor.dim() == 4:
                copy[name] = tensor = tensor.contiguous(memory_format=torch.channels_last)
            if parameter_gradients and "running" not in name:
                tensor.requires_grad_(True)
        self.t = copy
        self.blocks = {}
        for name in copy:
            if found := re.match(r"block(\d)\.layer\.(\d+)\.", name):
                self.blocks[int(found[1])] = max(self.blocks.get(int(found[1]), 0), int(found[2]) + 1)
        self.is_dense = "trans1.conv1.weight" in copy
        self.is_basic = "layer1.0.conv1.weight" in copy
        self.forward_pass = torch.compile(self.logits) if compile else self.logits

    def norm(self, x, name):
        t = self.t
        return F.batch_norm(x, t[name + ".running_mean"], t[name + ".running_var"], t[name + ".weight"], t[name + ".bias"], False, 0.1, 1e-5)

    def conv(self, x, name, stride=1):
        weight = self.t[name + ".weight"]
        return F.conv2d(x, weight, self.t.get(name + ".bias"), stride, weight.shape[-1] // 2)

    def inner(self, x, name, stride=1):
        x = self.conv(x, name + ".conv1", stride)
        return F.relu(x if self.fold else self.norm(x, name + ".bn2"))

    def __call__(self, x):
        return self.forward_pass(x)

    def basic(self, x):
        """A ResNet of basic blocks."""
        x = F.relu(self.norm(self.conv(x, "conv1"), "bn1"))
        for stage in (1, 2, 3, 4):
            for i in range(sum(f"layer{stage}.{i}.conv1.weight" in self.t for i in range(9))):
                name = f"layer{stage}.{i}"
                stride = 2 if stage > 1 and i == 0 else 1
                inner = F.relu(self.norm(self.conv(x, name + ".conv1", stride), name + ".bn1"))
                inner = self.norm(self.conv(inner, name + ".conv2"), name + ".bn2")
                if name + ".downsample.0.weight" in self.t:
                    x = self.norm(self.conv(x, name + ".downsample.0", stride), name + ".downsample.1")
                x = F.relu(x + inner)
        return F.linear(x.mean((2, 3)), self.t["fc.weight"], self.t["fc.bias"])

    def logits(self, x):
        if self.is_basic:
            return self.basic(x)
        x = self.conv(x, "conv1")
        for block, layers in sorted(self.blocks.items()):
            for i in range(layers):
                name = f"block{block}.layer.{i}"
                active = F.relu(self.norm(x, name + ".bn1"))
                stride = 2 if not self.is_dense and block > 1 and i == 0 else 1
                new = self.conv(self.inner(active, name, stride), name + ".conv2")
                if self.is_dense:
                    x = torch.cat([x, new], 1)
                else:
                    shortcut = name + ".convShortcut"
                    x = (self.conv(active, shortcut, stride) if shortcut + ".weight" in self.t else x) + new
            if self.is_dense and block < 3:
                x = F.relu(self.norm(x, f"trans{block}.bn1"))
                conv = lambda x: self.conv(x, f"trans{block}.conv1")
                x = conv(F.avg_pool2d(x, 2)) if self.pool_first else F.avg_pool2d(conv(x), 2)
        x = F.avg_pool2d(F.relu(self.norm(x, "bn1")), 8).flatten(1)
        return F.linear(x, self.t["fc.weight"], self.t["fc.bias"])

    def signs(self, x):
        x = x.clone().requires_grad_(True)
        logits = self(x)
        F.cross_entropy(logits / T, logits.argmax(1), reduction="sum").backward()
        return x.grad >= 0


class ByHand(Network):
    """The gradient to the images without autograd, and a block's layers in one buffer."""

    def __init__(self, tensors, **tricks):
        super().__init__(tensors, parameter_gradients=False, **tricks)
        self.affine = {name[: -len(".weight")]: tuple(v.view(1, -1, 1, 1) for v in affine(self.t, name[: -len(".weight")])) for name in self.t if re.search(r"bn\d\.weight$", name)}
        self.back = {}
        for name, tensor in self.t.items():
            if tensor.dim() == 4:
                turned = tensor.transpose(0, 1).flip(2, 3)
                self.back[name[: -len(".weight")]] = turned.contiguous(memory_format=torch.channels_last) if self.channels_last else turned.contiguous()

    def go_back(self, x, name):
        weight = self.back[name]
        return F.conv2d(x, weight, None, 1, weight.shape[-1] // 2)

    @torch.no_grad()
    def forward(self, x, tape=None):
        x = self.conv(x, "conv1")
        for block, layers in sorted(self.blocks.items()):
            growth, start = self.t["block1.layer.0.conv2.weight"].shape[0], x.shape[1]
            order = torch.channels_last if self.channels_last else torch.contiguous_format
            buffer = torch.empty(x.shape[0], start + growth * layers, *x.shape[2:], memory_format=order)
            buffer[:, :start] = x
            for i in range(layers):
                name, filled = f"block{block}.layer.{i}", start + i * growth
                active = F.relu(self.norm(buffer[:, :filled], name + ".bn1"))
                narrow = self.inner(active, name)
                buffer[:, filled : filled + growth] = self.conv(narrow, name + ".conv2")
                if tape is not None:
                    tape.append((active, narrow))
            x = buffer
            if block < 3:
                active = F.relu(self.norm(x, f"trans{block}.bn1"))
                conv = lambda x: self.conv(x, f"trans{block}.conv1")
                x = conv(F.avg_pool2d(active, 2)) if self.pool_first else F.avg_pool2d(conv(active), 2)
            else:
                active = F.relu(self.norm(x, "bn1"))
                x = F.avg_pool2d(active, 8).flatten(1)
            if tape is not None:
                tape.append(active)
        return F.linear(x, self.t["fc.weight"], self.t["fc.bias"])

    __call__ = forward

    @torch.no_grad()
    def signs(self, x):
        tape = []
        logits = self.forward(x, tape)
        p = F.softmax(logits / T, 1)
        seed = p - F.one_hot(logits.argmax(1), logits.shape[1])
        gradient = (seed @ self.t["fc.weight"])[:, :, None, None] / 64
        for block, layers in sorted(self.blocks.items(), reverse=True):
            active = tape.pop()
            if block == 3:
                gradient = F.interpolate(gradient, scale_factor=8)
                name = "bn1"
            else:
                name = f"trans{block}.bn1"
                if self.pool_first:
                    gradient = F.interpolate(self.go_back(gradient, f"trans{block}.conv1") / 4, scale_factor=2)
                else:
                    gradient = self.go_back(F.interpolate(gradient / 4, scale_factor=2), f"trans{block}.conv1")
            gradient = torch.where(active > 0, gradient * self.affine[name][0], 0)
            if self.channels_last:
                gradient = gradient.contiguous(memory_format=torch.channels_last)
            growth = self.t["block1.layer.0.conv2.weight"].shape[0]
            filled = gradient.shape[1]
            for i in reversed(range(layers)):
                name = f"block{block}.layer.{i}"
                active, narrow = tape.pop()
                filled -= growth
                new = gradient[:, filled : filled + growth].contiguous(memory_format=torch.channels_last if self.channels_last else torch.contiguous_format)
                inner = torch.ops.aten.threshold_backward(self.go_back(new, name + ".conv2"), narrow, 0)
                if not self.fold:
                    inner = inner * self.affine[name + ".bn2"][0]
                old = torch.ops.aten.threshold_backward(self.go_back(inner, name + ".conv1"), active, 0)
                gradient[:, :filled].addcmul_(old, self.affine[name + ".bn1"][0])
            gradient = gradient[:, :filled]
        return self.go_back(gradient.contiguous(memory_format=torch.channels_last) if self.channels_last else gradient.contiguous(), "conv1") >= 0


def affine(tensors, name):
    slope = tensors[name + ".weight"].double() / (tensors[name + ".running_var"].double() + 1e-5).sqrt()
    shift = tensors[name + ".bias"].double() - tensors[name + ".running_mean"].double() * slope
    return slope.float().detach(), shift.float().detach()


def odin_pass(network, x, keep_graph):
    """ODIN's scores; `keep_graph`: the second forward pass is differentiable too, as in the authors' script."""
    positive = network.signs(x)
    moved = x - EPSILON * torch.where(positive, 1.0, -1.0) / STD
    with torch.enable_grad() if keep_graph else torch.no_grad():
        logits = network(moved)
    return F.softmax(logits.detach() / T, 1).max(1).values


def main():
    tensors = read_safetensors(sys.argv[1])
    if len(sys.argv) > 2:
        raw = torch.frombuffer(bytearray(open(sys.argv[2], "rb").read(3073 * 512)), dtype=torch.uint8).reshape(-1, 3073)
        images = raw[:, 1:].reshape(-1, 3, 32, 32).float() / 255
    else:
        images = torch.rand(512, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    images = (images - MEAN) / STD
    dense = "trans1.conv1.weight" in tensors
    # name: batch, network, differentiable second pass
    none = {"parameter_gradients": False}
    cl, fold, pool = {"channels_last": True}, {"fold": True}, {"pool_first": True}
    ways = {
        "scripts": (1, lambda: Network(tensors), True),
        "batched": (32, lambda: Network(tensors), False),
        "no_parameter_gradients": (32, lambda: Network(tensors, **none), False),
        "channels_last": (32, lambda: Network(tensors, **cl), False),
        "folded": (32, lambda: Network(tensors, **fold), False),
        "both": (32, lambda: Network(tensors, **none, **cl), False),
        "both_folded": (32, lambda: Network(tensors, **none, **cl, **fold), False),
        "compiled": (32, lambda: Network(tensors, **none, compile=True), False),
        "compiled_channels_last": (32, lambda: Network(tensors, **none, **cl, compile=True), False),
    }
    if "layer1.0.conv1.weight" in tensors:
        # Its batch norms follow convolutions, and torch.compile folds none either.
        ways = {name: way for name, way in ways.items() if "folded" not in name}
    if dense:
        ways |= {
            "pooled_first": (32, lambda: Network(tensors, **pool), False),
            "by_hand": (32, lambda: ByHand(tensors), False),
            "all": (32, lambda: ByHand(tensors, **cl, **fold, **pool), False),
        }
    threads, networks = torch.get_num_threads(), {}
    for line in sys.stdin:
        name, *count = line.split()
        if name == "names":
            print(json.dumps({"names": list(ways), "torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
            continue
        if name == "peak":
            # CPU seconds for one floating-point operation, the best of some.
            a = torch.rand(1536, 1536)
            torch.set_num_threads(1)
            spent = [timed(lambda: a @ a) for _ in range(6)]
            torch.set_num_threads(threads)
            print(*(min(t[i] for t in spent) / (2 * 1536**3) for i in (0, 1)), flush=True)
            continue
        batch, build, keep_graph = ways[name]
        if name not in networks:
            networks[name] = build()
            for way in range(2):
                odin_pass(networks[name], order(images[:batch], networks[name]), keep_graph)
        count = int(count[0])

        def score():
            for start in range(0, count, batch):
                at = start % (len(images) - batch + 1)
                odin_pass(networks[name], order(images[at : at + batch][: count - start], networks[name]), keep_graph)

        print(*timed(score), flush=True)


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def order(x, network):
    return x.contiguous(memory_format=torch.channels_last) if network.channels_last else x


if __name__ == "__main__":
    main()
