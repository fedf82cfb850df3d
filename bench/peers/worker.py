"""worker.py THREADS [DEVICE [ARITHMETIC]]: the worker on PyTorch's side of bench/peers/run and bench/gpu/run, with the commands of
Program.cs, the same networks, numbers and answers. A quantity that cannot be had is answered with `unavailable` and the reason."""

import math
import sys
import time

import numpy
import torch

import functions
import networks

CLASSES = 10
EMBEDDING_SCALE = numpy.float32(0.1732051)
INPUTS, TARGETS, PARAMETERS, DIRECTIONS = range(4)


def hashed(count, stream):
    h = numpy.arange(count, dtype=numpy.uint32) + numpy.uint32(stream * 40_000_003 & 0xFFFFFFFF)
    h *= numpy.uint32(0x9E3779B1)
    h ^= h >> numpy.uint32(15)
    h *= numpy.uint32(0x85EBCA77)
    h ^= h >> numpy.uint32(13)
    h *= numpy.uint32(0xC2B2AE3D)
    return h ^ (h >> numpy.uint32(16))


def uniform(count, stream):
    values = (hashed(count, stream) >> numpy.uint32(8)).astype(numpy.float32) * numpy.float32(2.0**-23) - numpy.float32(1)
    return torch.from_numpy(values)


def integers(count, stream, below):
    return torch.from_numpy((hashed(count, stream) % numpy.uint32(below)).astype(numpy.int64))


def build(model, context, vocabulary):
    """Networks by the names of OpposingSignals, on 3x32x32 images or on tokens."""
    kind, *arguments = model.split(":")
    if kind == "resnet18":
        return networks.ResNet18(CLASSES)
    if kind == "vit":
        return networks.Vit(*map(int, arguments), extent=32, classes=CLASSES)
    if kind == "gpt":
        return networks.Gpt(*map(int, arguments), context=context, vocabulary=vocabulary)
    widths, activation, *pool = arguments
    activation = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[activation]
    layers = [torch.nn.Flatten()] if kind == "mlp" else []
    features, extent = (3 * 32 * 32, 1) if kind == "mlp" else (3, 32)
    for width in map(int, widths.split(",")):
        if kind == "mlp":
            layers += [torch.nn.Linear(features, width), activation()]
        else:
            pooling = {"maxpool": torch.nn.MaxPool2d, "avgpool": torch.nn.AvgPool2d}[pool[0]]
            layers += [torch.nn.Conv2d(features, width, 3, padding=1), activation(), pooling(2)]
            extent //= 2
        features = width
    layers += [] if kind == "mlp" else [torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(features * extent * extent, CLASSES))


class Workload:
    def __init__(self, device, model, loss, samples, context, vocabulary):
        self.device = device
        self.network = build(model, context, vocabulary).to(device)
        self.parameters = list(self.network.parameters())
        count = sum(parameter.numel() for parameter in self.parameters)
        self.loss = loss
        if model.startswith("gpt"):
            self.inputs = integers(samples * context, INPUTS, vocabulary).reshape(samples, context)
            self.targets = integers(samples * context, TARGETS, vocabulary)
        else:
            self.inputs = uniform(samples * 3 * 32 * 32, INPUTS).reshape(samples, 3, 32, 32)
            self.targets = integers(samples, TARGETS, CLASSES)
        if loss == "mse":
            self.targets = torch.nn.functional.one_hot(self.targets, CLASSES).to(torch.float32)
        self.inputs, self.targets = self.inputs.to(device), self.targets.to(device)
        if self.inputs.dim() == 4 and torch.backends.cudnn.allow_tf32:
            # Tensor cores read channels-last images; exact float32 is fastest in PyTorch's own order.
            self.inputs = self.inputs.to(memory_format=torch.channels_last)
            self.network = self.network.to(memory_format=torch.channels_last)
        self.set_parameters(uniform(count, PARAMETERS))
        self.direction = self.split(uniform(count, DIRECTIONS).to(device))
        self.kept = None
        self.functions = functions.Products(self)

    def split(self, flat):
        parts = torch.split(flat, [parameter.numel() for parameter in self.parameters])
        return [part.reshape(parameter.shape) for part, parameter in zip(parts, self.parameters)]

    def set_parameters(self, flat):
        with torch.no_grad():
            for (name, parameter), values in zip(self.network.named_parameters(), self.split(flat.to(self.device))):
                if "embedding" in name:
                    parameter.copy_(values * EMBEDDING_SCALE)
                elif parameter.dim() > 1:
                    parameter.copy_(values * math.sqrt(3 / getattr(parameter, "fan_in", parameter[0].numel())))
                else:
                    parameter.fill_(1 if "norm" in name and name.endswith("weight") else 0)

    def mean_loss(self):
        return self.loss_of(self.network(self.inputs))

    def loss_of(self, outputs):
        if self.loss == "ce":
            return torch.nn.functional.cross_entropy(outputs.reshape(-1, outputs.shape[-1]), self.targets)
        return (outputs - self.targets).square().sum() / (2 * len(self.targets))

    def gradient(self, create_graph=False):
        return torch.autograd.grad(self.mean_loss(), self.parameters, create_graph=create_graph)

    def product(self, gradient, retain_graph):
        return torch.autograd.grad(gradient, self.parameters, self.direction, retain_graph=retain_graph)

    def fresh_product(self):
        return self.product(self.gradient(create_graph=True), retain_graph=False)

    def kept_product(self):
        return self.product(self.kept, retain_graph=True)

    def check(self):
        return [float(self.mean_loss()), norm(self.gradient()), norm(self.fresh_product())]

    def time(self, quantity):
        """Milliseconds. A kept graph is made before the clock starts, and dropped where it would only fill memory."""
        if quantity != "hvp-kept":
            self.kept = None
        elif self.kept is None:
            self.kept = self.gradient(create_graph=True)
        work = {
            "gradient": self.gradient, "hvp-fresh": self.fresh_product, "hvp-kept": self.kept_product,
        }.get(quantity) or self.functions.named(quantity)
        self.wait()
        start = time.perf_counter()
        work()
        self.wait()
        return 1e3 * (time.perf_counter() - start)

    def wait(self):
        if self.device != "cpu":
            torch.cuda.synchronize()


def norm(parts):
    return math.sqrt(sum(float(part.double().square().sum()) for part in parts))


def timed(workload, quantity):
    try:
        return repr(workload.time(quantity))
    except Exception as error:  # whatever a compiler or an allocator throws: the other quantities are to be had all the same
        workload.kept = None
        if workload.device != "cpu":
            torch.cuda.empty_cache()
        return f"unavailable {type(error).__name__}: " + " ".join(str(error).split())[:200]


def main():
    torch.set_num_threads(int(sys.argv[1]))
    device = "cuda" if sys.argv[2:3] == ["cuda"] else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = sys.argv[3:4] == ["tf32"]
    torch.backends.cudnn.benchmark = True
    versions = f"torch {torch.__version__}, Python {sys.version.split()[0]}"
    where = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"ready {versions}, {where}", flush=True)
    workload = None
    for line in sys.stdin:
        command, *words = line.split()
        if command == "load":
            workload = None
            model, loss, samples, _, context, vocabulary = words
            workload = Workload(device, model, loss, int(samples), int(context), int(vocabulary))
            answer = "ok"
        elif command == "check":
            answer = " ".join(map(repr, workload.check()))
        elif command == "time":
            answer = timed(workload, words[0])
        else:
            raise ValueError(f"{line!r} is not a command")
        print(answer, flush=True)


main()
