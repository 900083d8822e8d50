"""Samples of different lengths, and of several inputs: from the data over the wire into a student.

The teachers and students are TorchScript, as people write them in Python.
"""

import json
import unittest

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from models import write_safetensors
from plain_client import open_message, Stream
from programs import IntegrationTest, TRAINER

try:
    import torch
except ImportError:
    torch = None

WORDS, CLASSES, IGNORED = 30, 4, -100
TOKENS = [{"name": "input_ids", "dtype": "int64", "shape": [-1]}]


def tagger(trained: bool):
    """Logits of each position: what its token says, and a little of what the others say."""
    class Tagger(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(WORDS, CLASSES)

        def forward(self, input_ids, attention_mask):
            x = self.words(input_ids)
            m = attention_mask.unsqueeze(-1).to(x.dtype)
            return x + 0.3 * (x * m).sum(1, keepdim=True) / m.sum(1, keepdim=True)

    torch.manual_seed(1)
    model = Tagger()
    if trained:
        with torch.no_grad():
            model.words.weight.copy_(4 * torch.nn.functional.one_hot(torch.arange(WORDS) % CLASSES,
                                                                     CLASSES).float())
    else:
        torch.nn.init.normal_(model.words.weight, std=0.01)
    return model


def classifier(trained: bool):
    """Logits of a sequence: the mean of what its tokens say."""
    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(WORDS, CLASSES)

        def forward(self, input_ids, mask):
            m = mask.unsqueeze(-1).to(torch.float)
            return (self.words(input_ids) * m).sum(1) / m.sum(1)

    torch.manual_seed(1)
    model = Classifier()
    if trained:
        with torch.no_grad():
            model.words.weight.copy_(8 * torch.nn.functional.one_hot(torch.arange(WORDS) % CLASSES,
                                                                     CLASSES).float())
    else:
        torch.nn.init.normal_(model.words.weight, std=0.01)
    return model


def pair(trained: bool):
    """Logits of a number's features and of a word."""
    class Pair(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.features = torch.nn.Linear(4, CLASSES)
            self.word = torch.nn.Embedding(WORDS, CLASSES)

        def forward(self, features, word):
            return self.features(features) + self.word(word).squeeze(1)

    torch.manual_seed(2 if trained else 3)
    model = Pair()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if trained else 0.1)
    return model


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class Sequences(IntegrationTest):
    def write_model(self, name, model, inputs, **config):
        folder = self.dir / name
        folder.mkdir()
        torch.jit.script(model).save(str(folder / "model.pt"))
        (folder / "config.json").write_text(json.dumps(
            {"format": "distill/1", "architecture": "torchscript", "inputs": inputs} | config))
        return folder

    def sequences(self, count, seed):
        rng = np.random.default_rng(seed)
        return [rng.integers(1, WORDS, rng.integers(2, 41)).astype(np.int64) for _ in range(count)]

    def alone(self, model, sample):
        """What a model gives for a sample that is not padded, in float32."""
        with torch.no_grad():
            ids = torch.from_numpy(sample)[None]
            return model.eval()(ids, torch.ones_like(ids, dtype=torch.bool))[0].numpy()

    def write_data(self, name, samples, labels):
        lengths = np.array([len(sample) for sample in samples], np.int64)
        tensors = {"inputs": np.concatenate(samples), "inputs.lengths": lengths}
        if labels is not None:
            tensors["labels"] = labels
        return write_safetensors(self.dir / f"{name}.safetensors", tensors)

    def train(self, run, train, test, teacher, student, *more):
        arguments = {"--epochs": "4", "--lr": "0.3", "--val_count": "40"} | dict(zip(more[::2], more[1::2]))
        return [TRAINER, "train", "--train", train, "--test", test, "--teacher", teacher, "--student", student,
                "--run_dir", self.dir / run, "--batch_size", "32", "--threads", "1",
                *(part for pair in arguments.items() for part in pair)]

    def errors_of(self, model_pt, samples, labels_of):
        """The errors of what ships, counted by Python one sample at a time."""
        model = torch.jit.load(str(model_pt))
        return sum(int((self.alone(model, sample).argmax(-1) != labels).sum())
                   for sample, labels in zip(samples, labels_of))

    def test_a_tagger_is_distilled_from_labels_and_rows_by_position(self):
        teacher = tagger(trained=True)
        samples, test_samples = self.sequences(360, 1), self.sequences(80, 2)
        labels = [self.alone(teacher, sample).argmax(-1).astype(np.int64) for sample in samples]
        test_labels = [self.alone(teacher, sample).argmax(-1).astype(np.int64) for sample in test_samples]
        for each in labels:
            each[0] = IGNORED  # as that of a special token
        train = self.write_data("train", samples, np.concatenate(labels))
        test = self.write_data("test", test_samples, np.concatenate(test_labels))
        folder = self.write_model("teacher", teacher, TOKENS, pad_id=0)
        _, address = self.serve(folder, self.unix_address())
        student = self.write_model("start", tagger(trained=False), TOKENS, pad_id=0)
        output = self.run_ok(*self.train("run", train, test, address, student))
        self.assertIn("with labels of", output)
        epochs = self.epochs("run")
        trained = sum(epoch["rows_trained"] for epoch in epochs) / len(epochs)
        self.assertEqual(epochs[0]["samples_trained"], 320)
        self.assertEqual(epochs[0]["samples_without_targets"], 0)
        # All positions but the first of each, of the 320 samples that are trained on.
        self.assertGreater(trained, 320)
        self.assertLess(trained, sum(len(sample) - 1 for sample in samples))
        end = self.end("run")["test"]
        positions = sum(len(sample) for sample in test_samples)
        self.assertEqual((end["samples"], end["positions"]), (80, positions))
        self.assertLess(end["errors"], 0.02 * positions)
        # The page, `evaluate` and Python agree.
        shipped = self.dir / "run" / "model"
        self.assertEqual(self.errors_of(shipped / "model.pt", test_samples, test_labels), end["errors"])
        table = self.run_ok(TRAINER, "evaluate", shipped, "--test", test, "--teacher", address,
                            "--json", self.dir / "evaluate.json")
        figures = json.loads((self.dir / "evaluate.json").read_text())[0]
        self.assertEqual(figures["errors"], end["errors"], table)
        self.assertAlmostEqual(figures["teacher_agreement"], 1 - end["errors"] / positions, places=6)

    def test_a_tagger_is_distilled_without_labels(self):
        teacher = tagger(trained=True)
        train = self.write_data("train", self.sequences(300, 1), None)
        test_samples = self.sequences(60, 2)
        test_labels = [self.alone(teacher, sample).argmax(-1).astype(np.int64) for sample in test_samples]
        test = self.write_data("test", test_samples, np.concatenate(test_labels))
        _, address = self.serve(self.write_model("teacher", teacher, TOKENS, pad_id=0), self.unix_address())
        student = self.write_model("start", tagger(trained=False), TOKENS, pad_id=0)
        self.run_ok(*self.train("run", train, test, address, student, "--val_count", "0"))
        self.assertLess(self.end("run")["test"]["errors"], 0.05 * sum(map(len, test_samples)))

    def test_a_classifier_of_sequences_is_distilled_in_every_encoding_that_fits(self):
        teacher = classifier(trained=True)
        samples, test_samples = self.sequences(240, 3), self.sequences(80, 4)
        labels, test_labels = (np.array([self.alone(teacher, s).argmax() for s in part], np.int64)
                               for part in (samples, test_samples))
        train = self.write_data("train", samples, labels)
        test = self.write_data("test", test_samples, test_labels)
        _, address = self.serve(self.write_model("teacher", teacher, TOKENS, pad_id=0), self.unix_address())
        student = self.write_model("start", classifier(trained=False), TOKENS, pad_id=0)
        for encoding in (["f32"], ["f16"], ["top_k", "--k", "2"]):
            run = f"run_{encoding[0]}"
            self.run_ok(*self.train(run, train, test, address, student, "--epochs", "15", "--lr", "3",
                                    "--encoding", *encoding))
            end = self.end(run)["test"]
            self.assertNotIn("positions", end)
            self.assertLess(end["errors"], 30)
            shipped = self.dir / run / "model" / "model.pt"
            self.assertEqual(self.errors_of(shipped, test_samples, test_labels), end["errors"])

    def test_two_inputs_are_distilled(self):
        inputs = [{"name": "features", "dtype": "float32", "shape": [4]},
                  {"name": "word", "dtype": "int64", "shape": [1]}]
        teacher = pair(trained=True)
        rng = np.random.default_rng(5)

        def write(name, count):
            features = rng.normal(0, 1, (count, 4)).astype(np.float32)
            words = rng.integers(0, WORDS, (count, 1)).astype(np.int64)
            with torch.no_grad():
                labels = teacher(torch.from_numpy(features), torch.from_numpy(words)).argmax(-1).numpy()
            # In another order than that of the model.
            return write_safetensors(self.dir / f"{name}.safetensors",
                                     {"labels": labels, "inputs.word": words, "inputs.features": features})

        train, test = write("train", 600), write("test", 200)
        _, address = self.serve(self.write_model("teacher", teacher, inputs), self.unix_address())
        student = self.write_model("start", pair(trained=False), inputs)
        self.run_ok(*self.train("run", train, test, address, student, "--views", "none"))
        end = self.end("run")["test"]
        self.assertLess(end["errors"], 60)
        shipped = self.dir / "run" / "model"
        table = self.run_ok(TRAINER, "evaluate", shipped, "--test", test, "--json",
                            self.dir / "evaluate.json")
        self.assertEqual(json.loads((self.dir / "evaluate.json").read_text())[0]["errors"], end["errors"], table)

    def test_what_does_not_fit_is_refused_in_words(self):
        samples = self.sequences(40, 1)
        labels = np.concatenate([np.arange(len(sample), dtype=np.int64) % CLASSES for sample in samples])
        by_position = self.write_data("by_position", samples, labels)
        by_sample = self.write_data("by_sample", samples, np.arange(40, dtype=np.int64) % CLASSES)
        rows = self.write_model("rows", tagger(trained=True), TOKENS, pad_id=0)
        one = self.write_model("one", classifier(trained=True), TOKENS, pad_id=0)
        _, tags = self.serve(rows, self.unix_address("rows.sock"))
        _, whole = self.serve(one, self.unix_address("one.sock"))
        other = self.write_model("other", tagger(trained=True),
                                 [{"name": "input_ids", "dtype": "int32", "shape": [-1]}], pad_id=0)
        for arguments, reason in [
                ((by_position, by_position, whole, one),
                 "it gives a row per sample, where the data have a label per position"),
                ((by_sample, by_sample, tags, rows),
                 "it gives a row per position of a sequence, where the data have a label per sample"),
                ((by_position, by_sample, tags, rows), "it has a label per sample"),
                ((by_position, by_position, tags, other), "it takes input_ids: int32[-1], the data has"),
                ((by_position, by_position, tags, "mlp_small"), "take one input of a fixed shape")]:
            with self.subTest(reason=reason):
                code, output = self.run_program(*self.train("refused", *arguments, "--val_count", "5"),
                                                "--allow_misaligned_teacher")
                self.assertEqual(code, 1, output)
                self.assertIn(reason, output)
                self.assert_error_follows_grammar(output)
                self.assertFalse((self.dir / "refused").exists(), output)

    def test_labels_of_another_number_than_the_rows_are_named(self):
        rng = np.random.default_rng(1)
        data = write_safetensors(self.dir / "data.safetensors", {
            "inputs": rng.integers(1, WORDS, (60, 4)), "labels": np.arange(180).reshape(60, 3) % CLASSES})
        start = self.write_model("start", tagger(trained=False), TOKENS, pad_id=0)
        _, address = self.serve(self.write_model("teacher", tagger(trained=True), TOKENS, pad_id=0),
                                self.unix_address())
        reason = "it gives 4 rows per sample, where the data have 3 labels"
        for more in ([], ["--teacher", address]):
            code, output = self.run_program(TRAINER, "train", "--train", data, "--student", start,
                                            "--run_dir", self.dir / "run", *more)
            self.assertEqual(code, 1, output)
            self.assertIn(reason, output)
            self.assertFalse((self.dir / "run").exists(), output)

    def test_a_sample_beyond_the_servers_length_is_named(self):
        data = self.write_data("data", self.sequences(60, 1), None)
        _, address = self.serve(self.write_model("teacher", tagger(trained=True), TOKENS, pad_id=0),
                                self.unix_address(), "--max_length", "30")
        start = self.write_model("start", tagger(trained=False), TOKENS, pad_id=0)
        code, output = self.run_program(TRAINER, "train", "--train", data, "--teacher", address, "--student", start,
                                        "--run_dir", self.dir / "run", "--val_count", "0")
        self.assertEqual(code, 1, output)
        self.assertRegex(output, "the longest sample of the data has [34][0-9] positions, and the server takes 30")

    def test_a_model_of_few_positions_is_trained_and_evaluated(self):
        class Positions(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.words = torch.nn.Embedding(WORDS, CLASSES)
                self.places = torch.nn.Embedding(20, CLASSES)

            def forward(self, input_ids, mask):
                places = torch.arange(input_ids.size(1)).unsqueeze(0)
                return (self.words(input_ids) + self.places(places)) * mask.unsqueeze(-1)

        samples = [sample[:20] for sample in self.sequences(120, 3)]
        labels = [sample % CLASSES for sample in samples]
        data = self.write_data("data", samples, np.concatenate(labels))
        start = self.write_model("start", Positions(), TOKENS, pad_id=0)
        self.run_ok(TRAINER, "train", "--train", data, "--test", data, "--student", start, "--run_dir",
                    self.dir / "run", "--epochs", "6", "--lr", "1", "--val_count", "20", "--threads", "1")
        end = self.end("run")["test"]
        shipped = self.dir / "run" / "model"
        self.assertEqual(self.errors_of(shipped / "model.pt", samples, labels), end["errors"])
        self.run_ok(TRAINER, "evaluate", shipped, "--test", data)

    def test_a_vocabulary_that_fits_no_message_is_refused_with_what_fits(self):
        class Wide(torch.nn.Module):
            def forward(self, input_ids, mask):
                return torch.nn.functional.one_hot(input_ids, 60000).float()

        samples = self.sequences(40, 1)
        data = self.write_data("data", samples, None)
        _, address = self.serve(self.write_model("teacher", Wide(), TOKENS, pad_id=0), self.unix_address(),
                                "--max_batch_samples", "4")
        student = self.write_model("start", tagger(trained=False), TOKENS, pad_id=0)
        code, output = self.run_program(TRAINER, "train", "--train", data, "--teacher", address, "--student", student,
                                        "--run_dir", self.dir / "run", "--encoding", "f16", "--val_count", "0")
        self.assertEqual(code, 1, output)
        longest = max(map(len, samples))
        self.assertIn(f"the {longest} rows of a sample take", output)
        self.assertRegex(output, "fitting encodings are top_k with k up to [0-9]+")


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class PlainRaggedClient(IntegrationTest):
    """A client that is not ours, on a ragged stream."""

    def setUp(self):
        super().setUp()
        self.model = tagger(trained=True).eval()
        folder = self.dir / "teacher"
        folder.mkdir()
        torch.jit.script(self.model).save(str(folder / "model.pt"))
        (folder / "config.json").write_text(json.dumps(
            {"format": "distill/1", "architecture": "torchscript", "inputs": TOKENS, "pad_id": 0}))
        _, address = self.serve(folder, self.unix_address())
        channel = grpc.insecure_channel(address)
        self.addCleanup(channel.close)
        self.stream = Stream(channel)
        opened = self.stream.ask(open_message(ragged=True)).opened
        self.assertTrue(opened.ragged)
        rng = np.random.default_rng(7)
        self.samples = [rng.integers(0, WORDS, length).astype(np.int64) for length in (3, 40, 16, 1)]

    def request(self, samples, request_id=1, **fields):
        lengths = [len(sample) for sample in samples]
        tensor = pb.Tensor(dtype=pb.DTYPE_INT64, shape=[sum(lengths)], lengths=lengths)
        return pb.DistillRequest(request=pb.Request(id=request_id, tensors=[tensor], temperature=1, **fields),
                                 payload=[np.concatenate(samples).tobytes()])

    def rows(self, answer):
        self.assertEqual(answer.WhichOneof("kind"), "targets", answer)
        return np.frombuffer(answer.payload[0], "<f4").reshape(answer.targets.rows, CLASSES)

    def expected(self):
        with torch.no_grad():
            return np.concatenate([
                self.model(torch.from_numpy(sample)[None], torch.ones(1, len(sample), dtype=torch.bool))[0].numpy()
                for sample in self.samples])

    def test_rows_are_those_of_samples_alone(self):
        rows = self.rows(self.stream.ask(self.request(self.samples)))
        np.testing.assert_allclose(rows, self.expected(), rtol=1e-5, atol=1e-6)
        # The same bits, whatever else is in the request.
        alone = self.rows(self.stream.ask(self.request(self.samples[1:2], 2)))
        np.testing.assert_array_equal(rows[3:43], alone)

    def test_a_mask_selects_rows(self):
        wanted = np.zeros(60, bool)
        wanted[[0, 2, 10, 42, 43, 58, 59]] = True
        mask = np.packbits(wanted, bitorder="little").tobytes()
        rows = self.rows(self.stream.ask(self.request(self.samples, row_mask=mask)))
        np.testing.assert_allclose(rows, self.expected()[wanted], rtol=1e-5, atol=1e-6)

    def test_what_does_not_fit_is_answered_and_the_stream_goes_on(self):
        def message(**changes):
            request = self.request(self.samples, 9)
            for name, value in changes.items():
                if name == "row_mask":
                    request.request.row_mask = value
                else:
                    del getattr(request.request.tensors[0], name)[:]
                    getattr(request.request.tensors[0], name).extend(value)
            return request

        for changes, reason in [({"lengths": [3, 40, 16]}, "the sum of the lengths"),
                                ({"lengths": [3, 40, 16, 2]}, "the sum of the lengths"),
                                ({"lengths": [3, 41, 16, 0]}, "the length of sample 3"),
                                ({"lengths": []}, "one per sample"),
                                ({"shape": [4, 15]}, "with the sum of its lengths"),
                                ({"row_mask": b"\xff" * 7}, "the size of row_mask"),
                                ({"row_mask": b"\xff" * 9}, "the size of row_mask"),
                                ({"row_mask": b"\xff" * 7 + b"\xf7"}, "an unused bit of row_mask"),
                                ({"row_mask": b"\xff" * 7 + b"\x07"}, "no position of sample 3")]:
            with self.subTest(changes=changes):
                answer = self.stream.ask(message(**changes))
                self.assertEqual(answer.error.code, 3, answer)
                self.assertIn(reason, answer.error.message)
        self.rows(self.stream.ask(self.request(self.samples, 10)))


if __name__ == "__main__":
    unittest.main()
