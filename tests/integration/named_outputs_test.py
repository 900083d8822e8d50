"""Outputs of a teacher beside its logits, as a plain Python client asks for them."""

import json
import unittest

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from error_grammar import follows_grammar
from models import hidden_layer, write_mlp
from plain_client import GET_MODEL, open_message, request_message, Stream
from programs import IntegrationTest, make_images, SERVER, SIDE

try:
    import torch

    class GivesADict(torch.nn.Module):
        def forward(self, x):
            pooled = x * 2
            if float(x.max()) > 100.0:
                pooled = pooled[:, :2]
            return {"pooled": pooled, "logits": x.cumsum(1)}

    class GivesATuple(torch.nn.Module):
        def forward(self, x):
            return x.cumsum(1), x
except ImportError:
    torch = None

CLASSES = 30
F32, F16, SAMPLED = (pb.TARGET_ENCODING_DENSE_F32, pb.TARGET_ENCODING_DENSE_F16,
                     pb.TARGET_ENCODING_SAMPLED)


def open_outputs(**encodings):
    outputs = [pb.OutputRequest(name=name, targets=pb.TargetSpec(encoding=encoding))
               for name, encoding in encodings.items()]
    return pb.DistillRequest(open=pb.Open(outputs=outputs))


class NamedOutputs(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.model = write_mlp(self.dir / "model", classes=CLASSES)
        raw, _ = make_images(24, seed=3)
        self.images = np.frombuffer(raw, np.uint8).reshape(24, 1, SIDE, SIDE)

    def connect(self, model):
        _, address = self.serve(model, self.unix_address(f"{model.name}.sock"))
        channel = grpc.insecure_channel(address)
        self.addCleanup(channel.close)
        return channel

    def ask(self, channel, message, *inputs):
        stream = Stream(channel)
        self.addCleanup(stream.half_close)
        opened = stream.ask(message).opened
        return opened, stream.ask(request_message(*inputs))

    def refusal(self, channel, message):
        with self.assertRaises(grpc.RpcError) as refused:
            Stream(channel).ask(message)
        self.assertTrue(follows_grammar(refused.exception.details()), refused.exception.details())
        return refused.exception

    def test_features_and_logits_come_in_one_answer(self):
        channel = self.connect(self.model)
        get_model = channel.unary_unary(
            GET_MODEL, request_serializer=pb.GetModelRequest.SerializeToString,
            response_deserializer=pb.GetModelResponse.FromString)
        outputs = get_model(pb.GetModelRequest(outputs=True)).model.outputs
        self.assertFalse(get_model(pb.GetModelRequest()).model.outputs)
        self.assertEqual([(output.name, output.kind) for output in outputs],
                         [("logits", pb.OUTPUT_KIND_LOGITS), ("features", pb.OUTPUT_KIND_FEATURES)])
        expected = hidden_layer(self.model, self.images)
        self.assertEqual(outputs[1].width, expected.shape[1])

        opened, answer = self.ask(channel, open_outputs(features=F16, logits=F32), self.images)
        self.assertEqual([output.name for output in opened.outputs], ["features", "logits"])
        rows = [(output.rows, output.width) for output in answer.targets.outputs]
        self.assertEqual(rows, [expected.shape, (24, CLASSES)])
        features, logits = answer.payload
        features = np.frombuffer(features, np.float16).reshape(expected.shape)
        np.testing.assert_allclose(features.astype(np.float64), expected, rtol=2e-3, atol=1e-4)

        _, alone = self.ask(channel, open_message(), self.images)
        self.assertEqual(logits, alone.payload[0])
        self.assertFalse(alone.targets.outputs)

    def test_what_a_model_lacks_or_an_output_cannot_be_is_refused_and_the_server_goes_on(self):
        channel = self.connect(self.model)
        for message, words in [(open_outputs(hidden=F32), "must be one of 'logits', 'features'"),
                               (open_outputs(features=SAMPLED), "the encoding of features")]:
            error = self.refusal(channel, message)
            self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
            self.assertIn("open.outputs[0]", error.details())
            self.assertIn(words, error.details())
        _, answer = self.ask(channel, open_outputs(features=F32), self.images)
        self.assertEqual(answer.WhichOneof("kind"), "targets")

    def write_script(self, name, module, **config):
        folder = self.dir / name
        folder.mkdir()
        torch.jit.script(module).save(str(folder / "model.pt"))
        config = {"format": "distill/1", "architecture": "torchscript",
                  "inputs": [{"name": "x", "dtype": "float32", "shape": [3]}]} | config
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    @unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
    def test_a_dict_of_a_torchscript_is_served_and_a_width_that_changes_fails_its_request_alone(self):
        outputs = [{"name": "logits", "kind": "logits"}, {"name": "pooled", "kind": "features"}]
        model = self.write_script("dict", GivesADict(), outputs=outputs)
        channel = self.connect(model)
        stream = Stream(channel)
        self.addCleanup(stream.half_close)
        stream.ask(open_outputs(pooled=F32))
        x = np.arange(12, dtype=np.float32).reshape(4, 3)
        for value, request_id in [(x, 1), (x + 200, 2), (x, 3)]:
            answer = stream.ask(request_message(value, request_id=request_id))
            if request_id == 2:
                self.assertEqual(answer.error.code, grpc.StatusCode.INTERNAL.value[0])
            else:
                np.testing.assert_array_equal(np.frombuffer(answer.payload[0], np.float32),
                                              (2 * x).ravel())

    @unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
    def test_a_tuple_that_the_config_does_not_describe_is_refused_at_start(self):
        model = self.write_script("tuple", GivesATuple())
        code, output = self.run_program(SERVER, "--model", model, "--listen", self.unix_address())
        self.assertEqual(code, 1, output)
        self.assertIn('"outputs": [{"name": "logits"', output)
        self.assert_error_follows_grammar(output)


if __name__ == "__main__":
    unittest.main()
