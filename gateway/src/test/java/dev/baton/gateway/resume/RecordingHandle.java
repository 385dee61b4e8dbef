package dev.baton.gateway.resume;

import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.TtftBreakdown;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A generation that only writes down what it is told. */
class RecordingHandle implements RequestHandle {
    final List<String> calls = new CopyOnWriteArrayList<>();

    @Override
    public void start() {
        calls.add("start");
    }

    @Override
    public void cancel() {
        calls.add("cancel");
    }

    @Override
    public void handedOver() {
        calls.add("handed over");
    }

    @Override
    public void complete() {
        calls.add("complete");
    }

    @Override
    public TtftBreakdown timing() {
        return TtftBreakdown.NONE;
    }
}
