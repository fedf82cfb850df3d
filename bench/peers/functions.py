"""Hessian-vector products by PyTorch's function transforms, as they are and compiled."""

import torch


class Products:
    """By name: `hvp-forward` is the derivative of the gradient along the direction (forward over reverse), `hvp-reverse` the gradient of
    its inner product with the direction (reverse over reverse); `-compiled` goes through torch.compile."""

    def __init__(self, workload):
        self.workload = workload
        self.made = {}

    def named(self, quantity):
        """A function without arguments. It has run before, so that nothing is compiled while it is timed."""
        if quantity not in self.made:
            self.made[quantity] = self.make(quantity)
            for _ in range(2):
                self.made[quantity]()
        return self.made[quantity]

    def make(self, quantity):
        if not hasattr(torch, "func"):
            raise NotImplementedError(f"PyTorch {torch.__version__} has no torch.func")
        kind, *compiled = quantity.removeprefix("hvp-").split("-")
        product = {"forward": self.forward_over_reverse, "reverse": self.reverse_over_reverse}[kind]
        if compiled:
            product = torch.compile(product)
        names, values = zip(*self.workload.network.named_parameters())
        parameters = dict(zip(names, (value.detach() for value in values)))
        direction = dict(zip(names, self.workload.direction))
        return lambda: product(parameters, direction)

    def loss_of(self, parameters):
        workload = self.workload
        return workload.loss_of(torch.func.functional_call(workload.network, parameters, (workload.inputs,)))

    def forward_over_reverse(self, parameters, direction):
        return torch.func.jvp(torch.func.grad(self.loss_of), (parameters,), (direction,))[1]

    def reverse_over_reverse(self, parameters, direction):
        def along(values):
            gradient = torch.func.grad(self.loss_of)(values)
            return sum((gradient[name] * direction[name]).sum() for name in gradient)

        return torch.func.grad(along)(parameters)
