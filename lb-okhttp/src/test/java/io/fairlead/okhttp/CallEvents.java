package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Request;
import okhttp3.Response;

/**
 * What a listener hears of a call, and whether each end has its start. For OkHttp a call that an attempt of its own has carried ends
 * with the answer's headers: of the body, and only of the body, it is told after {@code callEnd}.
 */
final class CallEvents {

  private static final Map<String, String> ENDS = Map.of(
      "connectionReleased", "connectionAcquired",
      "requestHeadersEnd", "requestHeadersStart",
      "responseHeadersEnd", "responseHeadersStart",
      "responseBodyEnd", "responseBodyStart");

  private final List<String> names = new CopyOnWriteArrayList<>();

  List<String> names() {
    return names;
  }

  EventListener listener() {
    return new EventListener() {
      @Override
      public void callStart(Call call) {
        names.add("callStart");
      }

      @Override
      public void connectionAcquired(Call call, Connection connection) {
        names.add("connectionAcquired");
      }

      @Override
      public void connectionReleased(Call call, Connection connection) {
        names.add("connectionReleased");
      }

      @Override
      public void requestHeadersStart(Call call) {
        names.add("requestHeadersStart");
      }

      @Override
      public void requestHeadersEnd(Call call, Request request) {
        names.add("requestHeadersEnd");
      }

      @Override
      public void responseHeadersStart(Call call) {
        names.add("responseHeadersStart");
      }

      @Override
      public void responseHeadersEnd(Call call, Response response) {
        names.add("responseHeadersEnd");
      }

      @Override
      public void responseBodyStart(Call call) {
        names.add("responseBodyStart");
      }

      @Override
      public void responseBodyEnd(Call call, long bytes) {
        names.add("responseBodyEnd");
      }

      @Override
      public void responseFailed(Call call, java.io.IOException failure) {
        names.add("responseFailed");
      }

      @Override
      public void canceled(Call call) {
        names.add("canceled");
      }

      @Override
      public void callEnd(Call call) {
        names.add("callEnd");
      }

      @Override
      public void callFailed(Call call, java.io.IOException failure) {
        names.add("callFailed");
      }
    };
  }

  /** It begins first and ends well, what ends has begun, and a connection that was acquired is released. */
  void assertInOrder() {
    assertThat(names.get(0)).as("%s", names).isEqualTo("callStart");
    assertThat(names).doesNotContain("callFailed");
    assertThat(names.subList(names.indexOf("callEnd") + 1, names.size()))
        .as("%s", names)
        .isSubsetOf("responseBodyStart", "responseBodyEnd", "connectionReleased");
    Map<String, Integer> open = new HashMap<>();
    for (String name : names) {
      open.merge(name, 1, Integer::sum);
      String start = ENDS.get(name);
      if (start != null) {
        assertThat(open.merge(start, -1, Integer::sum))
            .as("%s of %s", name, names)
            .isNotNegative();
      }
    }
    assertThat(open.getOrDefault("connectionAcquired", 0)).as("%s", names).isZero();
  }
}
