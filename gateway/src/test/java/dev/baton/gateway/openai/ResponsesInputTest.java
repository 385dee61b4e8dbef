package dev.baton.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ResponsesInputTest {
    private static ResponsesInput.Messages read(String body) {
        return ResponsesInput.messages(
                RequestJson.object(body.getBytes(StandardCharsets.UTF_8), ResponsesRequest.FIELDS));
    }

    @Test
    void systemMessagesAtTheStartAreOne() {
        ResponsesInput.Messages read =
                read("{\"instructions\":\"a\",\"input\":[{\"role\":\"system\",\"content\":\"b\"},"
                        + "{\"role\":\"developer\",\"content\":\"c\"},{\"role\":\"user\",\"content\":\"d\"},"
                        + "{\"role\":\"system\",\"content\":\"e\"}]}");
        assertThat(read.messages()).hasSize(3);
        assertThat(read.messages().at("/0/content").stringValue()).isEqualTo("a\n\nb\n\nc");
        assertThat(read.messages().at("/2/content").stringValue()).isEqualTo("e");
        assertThat(read.origin(2)).isEqualTo("input[3]");
    }

    /** Joined one by one, these two megabytes would be copied through a gigabyte. */
    @Test
    void manySystemMessagesAreJoinedOnce() {
        String item = "{\"role\":\"system\",\"content\":\"" + "a".repeat(2_000) + "\"},";
        String body = "{\"input\":[" + item.repeat(1_000) + "{\"role\":\"user\",\"content\":\"b\"}]}";
        JsonFields fields = RequestJson.object(body.getBytes(StandardCharsets.UTF_8), ResponsesRequest.FIELDS);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        ResponsesInput.Messages read = ResponsesInput.messages(fields);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(100_000_000);
        assertThat(read.messages().at("/0/content").stringValue()).hasSize(1_000 * 2_002 - 2);
    }
}
