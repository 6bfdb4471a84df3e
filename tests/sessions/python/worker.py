"""A worker of another make: nothing but grpcio and what protoc makes of coordinator.proto.

Usage: worker.py ADDRESS INCARNATION, the token on standard input. Says what it does as lines of JSON on standard output.
Tasks: `echo`; `run.command` tells output; `break` breaks its own stream before it answers; `quit` ends the worker.
"""
import json
import queue
import sys
import threading

import grpc

import coordinator_pb2 as pb
import coordinator_pb2_grpc as rpc


def say(what, **facts):
    print(json.dumps({"what": what, **facts}), flush=True)


class Worker:
    def __init__(self, address, incarnation, token):
        self.stub = rpc.CoordinatorStub(grpc.insecure_channel(address))
        self.metadata = [("authorization", "Bearer " + token)]
        self.incarnation = incarnation
        self.last_taken = 0
        self.outcomes = {}
        self.ran = []

    def register(self):
        hello = pb.WorkerHello(
            incarnation=self.incarnation, version="python", labels={"language": "python"},
            capabilities=["echo", "run.command"], isolation="namespaces", capacity=2)
        answer = self.stub.Register(
            pb.RegisterRequest(hello=hello, load=pb.WorkerLoad(free_disk_bytes=1 << 40)),
            metadata=self.metadata, timeout=30)
        self.registration = answer.registration
        say("registered", heartbeat_timeout_ms=answer.heartbeat_timeout_ms)

    def heartbeat(self, processes, draining=False):
        load = pb.WorkerLoad(sessions=["sess-1"], processes=processes, memory_bytes=1 << 40)
        self.stub.Heartbeat(
            pb.HeartbeatRequest(registration=self.registration, load=load, draining=draining),
            metadata=self.metadata, timeout=30)

    def stream(self):
        """One stream, until it ends. Returns whether to open another."""
        up = queue.Queue()
        up.put(pb.WorkerMessage(resume=pb.Resume(registration=self.registration, last_taken=self.last_taken)))
        for outcome in self.outcomes.values():
            up.put(pb.WorkerMessage(outcome=outcome))
        call = self.stub.TaskStream(iter(up.get, None), metadata=self.metadata)
        call.initial_metadata()
        say("streaming", last_taken=self.last_taken)
        for down in call:
            kind = down.WhichOneof("message")
            if kind == "ack":
                self.outcomes.pop(down.ack.number, None)
            elif kind == "cancel":
                say("canceled", reason=down.cancel.reason)
                self.finish(up, down.cancel.number, failure=pb.Failure(code="canceled", message="stopped"))
            elif kind == "task":
                number, task = down.task.number, down.task.task
                if number <= self.last_taken:
                    continue
                self.last_taken = number
                self.ran.append(task.id)
                if task.operation == "quit":
                    self.finish(up, number, success=pb.Success(output_json=json.dumps({"ran": self.ran})))
                    # The stream is over when the coordinator has the outcome.
                    up.put(None)
                    for last in call:
                        self.outcomes.pop(last.ack.number, None)
                    return False
                if task.operation == "break":
                    call.cancel()
                    self.finish(up, number, success=pb.Success(output_json="{}"))
                    return True
                self.carry_out(up, number, task)
        return False

    def carry_out(self, up, number, task):
        given = json.loads(task.input_json)
        if task.operation == "wait":
            return
        if task.operation == "run.command":
            for name, stream in (("out", pb.Output.STDOUT), ("err", pb.Output.STDERR)):
                up.put(pb.WorkerMessage(event=pb.Event(number=number, output=pb.Output(stream=stream, text=name))))
            up.put(pb.WorkerMessage(event=pb.Event(number=number, progress=pb.Progress(done=1, total=2, message="half"))))
        if task.operation == "fs.read":
            self.finish(up, number, failure=pb.Failure(code="not_found", message="no such file"))
            return
        body = task.body[::-1] if task.HasField("body") else None
        output = {"given": given, "deadline_ms": task.deadline_ms, "traceparent": task.traceparent}
        self.finish(up, number, success=pb.Success(output_json=json.dumps(output), body=body))

    def finish(self, up, number, **result):
        outcome = pb.Outcome(number=number, **result)
        self.outcomes[number] = outcome
        up.put(pb.WorkerMessage(outcome=outcome))


def main():
    address, incarnation = sys.argv[1:]
    worker = Worker(address, incarnation, sys.stdin.readline().strip())
    try:
        worker.register()
        worker.heartbeat(processes=3)
        while worker.stream():
            pass
        worker.heartbeat(processes=0, draining=True)
        request = pb.DeregisterRequest(
            registration=worker.registration, last_taken=worker.last_taken, reason="python is done")
        worker.stub.Deregister(request, metadata=worker.metadata, timeout=30)
        say("ended", unacknowledged=len(worker.outcomes), threads=threading.active_count())
    except grpc.RpcError as error:
        say("refused", code=error.code().name, details=error.details())


main()
