"""What is timed, and the ratios that are made of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A network on random data of the shape of CIFAR or of text, by the names of the command line."""

    title: str
    model: str
    loss: str
    samples: int
    eight: bool = True  # whether eight vectors are timed, too
    context: int = 128  # of the text that language models read
    vocabulary: int = 65

    @property
    def load(self):
        """The workers' command."""
        vectors = 8 if self.eight else 1
        return f"load {self.model} {self.loss} {self.samples} {vectors} {self.context} {self.vocabulary}"


@dataclass(frozen=True)
class Ratio:
    """A quotient of two medians, and the bound aimed at for a kind of network; without one it is only reported."""

    title: str
    numerator: tuple
    denominator: tuple
    at_least: dict = None
    at_most: dict = None

    def target(self, model):
        """The bound as text and as a test, or None."""
        kind = model.split(":")[0]
        if kind in (self.at_least or {}):
            bound = self.at_least[kind]
            return f">= {bound:g}", lambda value: value >= bound
        if kind in (self.at_most or {}):
            bound = self.at_most[kind]
            return f"<= {bound:g}", lambda value: value <= bound
        return None


CASES = {
    "mlp": Case("MLP 3072-200-200-10, tanh", "mlp:200,200:tanh", "mse", 5000),
    "cnn-relu": Case("CNN 32, 32, ReLU, max pool", "cnn:32,32:relu:maxpool", "ce", 1000),
    "resnet18": Case("ResNet-18, group norm", "resnet18:groupnorm", "ce", 64, eight=False),
    "vit": Case("ViT of 4.8 M parameters, patches of 4", "vit:4:6:256:4", "ce", 16, eight=False),
    "gpt": Case("GPT of 4.8 M parameters, 128 characters", "gpt:6:256:4", "ce", 8, eight=False),
    "cnn-tanh": Case("CNN 32, 32, tanh, average pool", "cnn:32,32:tanh:avgpool", "ce", 1000),
}

# For a GPU, and small ones to try the way there on a machine without one.
GPU_CASES = {
    "resnet18": Case("ResNet-18, group norm", "resnet18:groupnorm", "ce", 512, eight=False),
    "gpt2": Case("GPT-2 small, 1024 tokens", "gpt:12:768:12", "ce", 4, eight=False, context=1024, vocabulary=50257),
    "tiny-cnn": Case("CNN 4, tanh", "cnn:4:tanh:avgpool", "ce", 4, eight=False),
    "tiny-gpt": Case("GPT of one block", "gpt:1:16:2", "ce", 2, eight=False, context=8, vocabulary=11),
}

LOSSES = {"mse": "half the squared error", "ce": "cross-entropy"}

# In the order in which a repeat times them: the two sides take turns where both have the quantity.
QUANTITIES = {
    ("ours", "gradient"): "gradient",
    ("torch", "gradient"): "gradient",
    ("ours", "hvp"): "Hessian-vector product, primal kept",
    ("torch", "hvp-fresh"): "Hessian-vector product, double backward from scratch",
    ("ours", "ggn"): "Gauss-Newton product, primal kept",
    ("torch", "hvp-kept"): "Hessian-vector product, graph kept",
    ("ours", "hvp-8-at-once"): "8 Hessian-vector products at once",
    ("ours", "hvp-8-singles"): "8 Hessian-vector products one by one",
    ("ours", "hvp-8-at-once-fresh"): "8 Hessian-vector products at once, from scratch",
    ("ours", "hvp-8-singles-fresh"): "8 Hessian-vector products one by one, each from scratch",
}

RATIOS = [
    Ratio("PyTorch's gradient / ours", ("torch", "gradient"), ("ours", "gradient"), at_least={"mlp": 2, "resnet18": 1}),
    Ratio("PyTorch's product from scratch / ours", ("torch", "hvp-fresh"), ("ours", "hvp"), at_least={"mlp": 4, "cnn": 4, "resnet18": 3, "vit": 2, "gpt": 2}),
    Ratio("PyTorch's product, graph kept / ours", ("torch", "hvp-kept"), ("ours", "hvp"), at_least={"mlp": 2, "cnn": 3}),
    Ratio("our product / our gradient", ("ours", "hvp"), ("ours", "gradient"),
          at_most={"mlp": 2.2, "cnn": 2.2, "resnet18": 2.3, "vit": 2.5, "gpt": 2.5}),
    Ratio("our Gauss-Newton product / our gradient", ("ours", "ggn"), ("ours", "gradient"), at_most={"resnet18": 1.6}),
    Ratio("our 8 at once / our 8 one by one", ("ours", "hvp-8-at-once"), ("ours", "hvp-8-singles"), at_most={"mlp": 0.6}),
    Ratio("our 8 at once / our 8 one by one, from scratch", ("ours", "hvp-8-at-once-fresh"), ("ours", "hvp-8-singles-fresh"), at_most={"mlp": 0.6}),
]
