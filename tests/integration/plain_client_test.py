"""A plain Python gRPC client, made from the .proto alone, gets the logits that the model gives."""

import unittest

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from models import expected_logits
from plain_client import field, GET_MODEL, open_message, request_message, Stream
from programs import IntegrationTest, make_images, SIDE, write_dataset

class PlainClient(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")
        self.model = self.train_teacher(self.data)
        self.server, address = self.serve(self.model, self.unix_address())
        self.channel = grpc.insecure_channel(address)
        self.addCleanup(self.channel.close)
        raw, _ = make_images(24, seed=3)
        self.images = np.frombuffer(raw, np.uint8).reshape(24, 1, SIDE, SIDE)
        self.expected = expected_logits(self.model, self.images)

    def logits(self, response):
        self.assertEqual(response.WhichOneof("kind"), "targets", response)
        self.assertEqual(response.targets.rows, len(self.images))
        flat = np.frombuffer(response.payload[0], "<f4")
        return flat.reshape(response.targets.rows, response.targets.classes)

    def test_get_model_describes_what_is_served(self):
        get_model = self.channel.unary_unary(
            GET_MODEL, request_serializer=pb.GetModelRequest.SerializeToString,
            response_deserializer=pb.GetModelResponse.FromString)
        answer = get_model(pb.GetModelRequest())
        self.assertEqual(list(answer.model.class_names), ["north", "east", "south", "west"])
        self.assertEqual(answer.model.classes, 4)
        self.assertEqual(list(answer.model.inputs[0].shape), [1, SIDE, SIDE])
        self.assertEqual(answer.model.inputs[0].dtype, pb.DTYPE_UINT8)
        self.assertEqual(len(answer.model.fingerprint), 64)
        self.assertEqual(answer.numerics.runner, "zoo")
        self.assertEqual(set(answer.encodings),
                         set(pb.TargetEncoding.values()) - {pb.TARGET_ENCODING_UNSPECIFIED})

    def test_dense_logits_are_the_models(self):
        stream = Stream(self.channel)
        self.assertEqual(stream.ask(open_message()).WhichOneof("kind"), "opened")
        answer = stream.ask(request_message(self.images))
        np.testing.assert_allclose(self.logits(answer), self.expected, rtol=1e-4, atol=1e-4)
        stream.half_close()
        self.assertEqual(list(stream.responses), [])

    def test_f16_logits_add_up_to_the_models(self):
        stream = Stream(self.channel)
        stream.ask(open_message(pb.TARGET_ENCODING_DENSE_F16))
        answer = stream.ask(request_message(self.images))
        below = np.frombuffer(answer.payload[0], "<f2").astype(np.float64).reshape(24, 4)
        maximum = np.frombuffer(answer.payload[1], "<f4").astype(np.float64)
        self.assertTrue((below.max(axis=1) == 0).all())
        np.testing.assert_allclose(below + maximum[:, None], self.expected, rtol=1e-3, atol=1e-2)

    def test_fields_in_another_order_and_unknown_fields_change_nothing(self):
        unknown = field(99, 2, b"from the future") + field(100, 0, 7)
        stream = Stream(self.channel)
        opening = unknown + open_message().open.SerializeToString()
        opened = stream.ask(unknown + field(1, 2, opening))
        self.assertEqual(opened.WhichOneof("kind"), "opened", opened)
        plain = self.logits(stream.ask(request_message(self.images)))
        request = request_message(self.images, request_id=2).request
        header = request.SerializeToString()
        first_half = pb.Request(id=request.id).SerializeToString()
        second_half = pb.Request(tensors=request.tensors, temperature=2).SerializeToString()
        payload = field(15, 2, self.images.tobytes())
        for parts in [(payload, field(2, 2, header)), (unknown, field(2, 2, header), payload),
                      (payload, unknown, field(2, 2, header + field(77, 2, b"new"))),
                      (field(2, 2, first_half), unknown, payload, field(2, 2, second_half))]:
            answer = stream.ask(b"".join(parts))
            np.testing.assert_array_equal(self.logits(answer), plain)

    def test_classes_come_in_the_order_that_was_asked_for(self):
        stream = Stream(self.channel)
        stream.ask(open_message(class_names=["west", "north", "east", "south"]))
        answer = self.logits(stream.ask(request_message(self.images)))
        np.testing.assert_allclose(answer, self.expected[:, [3, 0, 1, 2]], rtol=1e-4, atol=1e-4)

    def test_batch_independent_answers_are_the_same_bytes_in_any_company(self):
        alone = Stream(self.channel)
        opened = alone.ask(open_message(batch_independent=True)).opened
        self.assertGreater(opened.numerics.fixed_batch_size, 0)
        first = alone.ask(request_message(self.images)).payload[0]
        crowd = Stream(self.channel)
        crowd.ask(open_message())
        for i in range(20):
            crowd.send(request_message(self.images, request_id=i))
        self.assertEqual(alone.ask(request_message(self.images, request_id=2)).payload[0], first)

        # Another server with equal numerics, asked for other requests before.
        _, address = self.serve(self.model, self.unix_address("other.sock"))
        with grpc.insecure_channel(address) as channel:
            other = Stream(channel)
            self.assertEqual(other.ask(open_message(batch_independent=True)).opened.numerics,
                             opened.numerics)
            other.ask(request_message(self.images[:5], request_id=1))
            again = other.ask(request_message(self.images, request_id=2))
            self.assertEqual(again.payload[0], first)
            other.half_close()

    def test_what_ends_a_stream_says_why_and_the_next_stream_works(self):
        request = request_message(self.images)
        cases = {
            "request before open": ([request], grpc.StatusCode.FAILED_PRECONDITION, "open"),
            "second open": ([open_message(), open_message()],
                            grpc.StatusCode.FAILED_PRECONDITION, "open"),
            "undecodable": ([b"\xff\xff\xff"], grpc.StatusCode.INVALID_ARGUMENT, ""),
            "no kind": ([pb.DistillRequest()], grpc.StatusCode.INVALID_ARGUMENT, ""),
            "unknown model": ([open_message(model="gpt")], grpc.StatusCode.NOT_FOUND, "model"),
            "no k": ([open_message(pb.TARGET_ENCODING_TOP_K)], grpc.StatusCode.INVALID_ARGUMENT,
                     "`k` is 0; must be 1 to 4"),
            "no encoding": ([open_message(pb.TARGET_ENCODING_UNSPECIFIED)],
                            grpc.StatusCode.INVALID_ARGUMENT, "encoding"),
            "fingerprint": ([open_message(fingerprint="ab" * 32)],
                            grpc.StatusCode.FAILED_PRECONDITION, "fingerprint"),
            "class names": ([open_message(class_names=["up", "down", "left", "right"])],
                            grpc.StatusCode.FAILED_PRECONDITION, "left"),
            "over the limit": ([open_message(), bytes(9 << 20)],
                               grpc.StatusCode.RESOURCE_EXHAUSTED, ""),
        }
        for what, (messages, code, says) in cases.items():
            with self.subTest(what=what):
                stream = Stream(self.channel)
                for message in messages:
                    stream.send(message)
                with self.assertRaises(grpc.RpcError) as raised:
                    for _ in stream.responses:
                        pass
                self.assertEqual(raised.exception.code(), code, raised.exception.details())
                self.assertIn(says, raised.exception.details())
                self.assertNotIn(str(self.dir), raised.exception.details())
                stream.half_close()
                self.assert_serves()

    def test_a_bad_request_is_answered_and_the_stream_goes_on(self):
        def with_(images=self.images, shape=None, dtype=pb.DTYPE_UINT8, **fields):
            message = request_message(images)
            message.request.tensors[0].dtype = dtype
            if shape:
                message.request.tensors[0].shape[:] = shape
            for name, value in fields.items():
                setattr(message.request, name, value)
            return message

        none = request_message(self.images)
        del none.request.tensors[:]
        del none.payload[:]
        extra = request_message(self.images)
        extra.payload.append(b"more")
        cases = {
            "dtype": with_(dtype=pb.DTYPE_INT8),
            "unknown dtype": with_(dtype=99),
            "shape": with_(shape=[24, SIDE, 1, SIDE]),
            "rank": with_(shape=[24, SIDE * SIDE]),
            "no sample": with_(images=self.images[:0]),
            "bytes": with_(shape=[25, 1, SIDE, SIDE]),
            "negative": with_(shape=[-24, 1, SIDE, SIDE]),
            "overflow": with_(shape=[1 << 62, 1, SIDE, SIDE]),
            "too many": with_(images=np.zeros((5000, 1, SIDE, SIDE), np.uint8)),
            "temperature 0": with_(temperature=0),
            "temperature nan": with_(temperature=float("nan")),
            "temperature inf": with_(temperature=float("inf")),
            "no tensor": none,
            "payloads": extra,
        }
        stream = Stream(self.channel)
        stream.ask(open_message())
        for what, message in cases.items():
            with self.subTest(what=what):
                answer = stream.ask(message)
                self.assertEqual(answer.WhichOneof("kind"), "error", what)
                self.assertEqual(answer.error.id, 1)
                self.assertEqual(answer.error.code, grpc.StatusCode.INVALID_ARGUMENT.value[0])
                self.assertTrue(answer.error.message)
                self.logits(stream.ask(request_message(self.images, request_id=2)))

    def assert_serves(self):
        stream = Stream(self.channel)
        stream.ask(open_message())
        self.logits(stream.ask(request_message(self.images)))
        stream.half_close()
        self.assertEqual(list(stream.responses), [])


if __name__ == "__main__":
    unittest.main()
