"""The zoo in plain PyTorch: the C++ models are compared with it, and the peers train it.

`make` takes architecture and arguments as a model directory's config.json has them. Names of
parameters are those of torchvision where it has the family.
"""

import torch
from torch import nn
from torch.nn import functional


class Mlp(nn.Module):
    def __init__(self, inputs, hidden, classes, dropout=0.0, input_dropout=0.0):
        super().__init__()
        widths = [inputs, *hidden, classes]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.dropout, self.input_dropout = nn.Dropout(dropout), nn.Dropout(input_dropout)

    def forward(self, x):
        x = self.input_dropout(x.flatten(1))
        for layer in self.layers[:-1]:
            x = self.dropout(functional.relu(layer(x), inplace=True))
        return self.layers[-1](x)


class Cnn(nn.Module):
    def __init__(self, channels, classes, stages, kind="plain", pool=1, hidden=0, dropout=0.0):
        super().__init__()
        layers, inputs = [], channels
        for i, stage in enumerate(stages):
            if i > 0:
                layers.append(nn.MaxPool2d(2))
            for outputs in stage:
                steps = [(outputs, 3, 1)]
                if kind == "separable" and layers:
                    steps = [(inputs, 3, inputs), (outputs, 1, 1)]
                for width, size, groups in steps:
                    layers += [nn.Conv2d(inputs, width, size, padding=size // 2, groups=groups,
                                         bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                    inputs = width
        self.features, self.pool = nn.Sequential(*layers), nn.AdaptiveAvgPool2d(pool)
        width, head = inputs * pool * pool, []
        if hidden:
            head, width = [nn.Linear(width, hidden), nn.ReLU()], hidden
        self.classifier = nn.Sequential(*head, nn.Dropout(dropout), nn.Linear(width, classes))

    def forward(self, x):
        return self.classifier(self.pool(self.features(x)).flatten(1))


def conv(inputs, outputs, size=3, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, groups=groups, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inputs, width, stride, option):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width), nn.BatchNorm2d(width)
        self.add_shortcut(inputs, width, stride, option)

    def add_shortcut(self, inputs, outputs, stride, option):
        self.stride, self.new = stride, outputs - inputs
        if option == "B" and (stride > 1 or self.new):
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride),
                                            nn.BatchNorm2d(outputs))

    def shortcut(self, x):
        if hasattr(self, "downsample"):
            return self.downsample(x)
        if self.new:  # option A: every second pixel, zeros for the new channels
            return functional.pad(x[:, :, ::self.stride, ::self.stride],
                                  (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))
        return x

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x), inplace=True)


class Bottleneck(BasicBlock):
    expansion = 4

    def __init__(self, inputs, width, stride, option):
        nn.Module.__init__(self)
        self.conv1, self.bn1 = conv(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        self.add_shortcut(inputs, 4 * width, stride, option)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = functional.relu(self.bn2(self.conv2(y)), inplace=True)
        return functional.relu(self.bn3(self.conv3(y)) + self.shortcut(x), inplace=True)


class ResNet(nn.Module):
    """Of ImageNet and of CIFAR: `stem` of widths[0] channels, a stage for each further width."""

    def __init__(self, block, blocks, widths, channels, classes, option="B", stem="small"):
        super().__init__()
        inputs = widths[0]
        self.conv1 = conv(channels, inputs) if stem == "small" else conv(channels, inputs, 7, 2)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.maxpool = nn.Identity() if stem == "small" else nn.MaxPool2d(3, 2, 1)
        self.stages = len(widths) - 1
        for stage in range(self.stages):
            layers = []
            for i in range(blocks[stage]):
                stride = 2 if stage > 0 and i == 0 else 1
                layers.append(block(inputs, widths[stage + 1], stride, option))
                inputs = widths[stage + 1] * block.expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        y = self.maxpool(functional.relu(self.bn1(self.conv1(x)), inplace=True))
        for stage in range(self.stages):
            y = self.get_submodule(f"layer{stage + 1}")(y)
        return self.fc(functional.adaptive_avg_pool2d(y, 1).flatten(1))


def cifar_resnet(depth, channels, classes, shortcut="A", widths=(16, 16, 32, 64)):
    return ResNet(BasicBlock, [(depth - 2) // 6] * 3, widths, channels, classes, option=shortcut)


def resnet(depth, channels, classes, stem="imagenet"):
    blocks = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3],
              152: [3, 8, 36, 3]}[depth]
    block = BasicBlock if depth < 50 else Bottleneck
    return ResNet(block, blocks, [64, 64, 128, 256, 512], channels, classes, stem=stem)


def conv_bn_relu6(inputs, outputs, size, stride=1, groups=1):
    return nn.Sequential(conv(inputs, outputs, size, stride, groups), nn.BatchNorm2d(outputs),
                         nn.ReLU6())


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        self.adds = stride == 1 and inputs == outputs
        expand = [conv_bn_relu6(inputs, hidden, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(*expand, conv_bn_relu6(hidden, hidden, 3, stride, hidden),
                                  conv(hidden, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2(nn.Module):
    STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
              (6, 160, 3, 2), (6, 320, 1, 1)]  # expansion, channels, blocks, stride

    def __init__(self, channels, classes, width=1.0, stem="imagenet", dropout=0.2):
        super().__init__()
        inputs = self.scaled(32, width)
        layers = [conv_bn_relu6(channels, inputs, 3, 1 if stem == "small" else 2)]
        for number, (expansion, outputs, blocks, stride) in enumerate(self.STAGES):
            outputs = self.scaled(outputs, width)
            if stem == "small" and number == 1:
                stride = 1
            for block in range(blocks):
                layers.append(InvertedResidual(inputs, outputs, stride if block == 0 else 1,
                                               expansion))
                inputs = outputs
        last = self.scaled(1280, max(1.0, width))
        self.features = nn.Sequential(*layers, conv_bn_relu6(inputs, last, 1))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, classes))

    @staticmethod
    def scaled(channels, width):
        """To a multiple of 8, and by no more than a tenth down."""
        rounded = max(8, int(channels * width + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * channels * width else rounded

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class Fire(nn.Module):
    def __init__(self, inputs, squeeze):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, 4 * squeeze, 1)
        self.expand3x3 = nn.Conv2d(squeeze, 4 * squeeze, 3, padding=1)

    def forward(self, x):
        y = functional.relu(self.squeeze(x))
        return torch.cat([functional.relu(self.expand1x1(y)), functional.relu(self.expand3x3(y))],
                         1)


class SqueezeNet(nn.Module):
    def __init__(self, channels, classes, version="1.0", stem="imagenet", dropout=0.5):
        super().__init__()
        inputs, pools = (96, [0, 3, 7]) if version == "1.0" else (64, [0, 2, 4])
        if stem == "small":
            first = nn.Conv2d(channels, inputs, 3, padding=1)
        else:
            first = nn.Conv2d(channels, inputs, 7 if version == "1.0" else 3, 2)
        layers = [first, nn.ReLU()]
        for i, squeeze in enumerate([16, 16, 32, 32, 48, 48, 64, 64]):
            if i in pools:
                layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            layers.append(Fire(inputs, squeeze))
            inputs = 8 * squeeze
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Conv2d(inputs, classes, 1),
                                        nn.ReLU())

    def forward(self, x):
        return self.classifier(self.features(x)).mean((2, 3))


def make(architecture: str, arguments: dict, input_shape: list[int] | None = None) -> nn.Module:
    """`input_shape`: where the arguments do not tell it, without the batch."""
    arguments = dict(arguments)
    if architecture == "mlp":
        shape = arguments.pop("input_shape", input_shape)
        inputs = arguments.pop("inputs", None) or torch.Size(shape).numel()
        return Mlp(inputs, **arguments)
    if input_shape:
        arguments.setdefault("channels", input_shape[0])
    families = {"cifar_resnet": cifar_resnet, "cnn": Cnn, "mobilenet_v2": MobileNetV2,
                "resnet": resnet, "squeezenet": SqueezeNet}
    return families[architecture](**arguments)
