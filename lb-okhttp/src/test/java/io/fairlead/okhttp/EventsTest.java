package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Handshake;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The user's event listener hears of one call, however many attempts it takes and whatever carries them. */
class EventsTest {

  private final List<String> events = new CopyOnWriteArrayList<>();
  private final Set<Call> calls = java.util.concurrent.ConcurrentHashMap.newKeySet();

  private final class Recorder extends EventListener {
    private void add(Call call, String event) {
      calls.add(call);
      events.add(event);
    }

    @Override
    public void callStart(Call call) {
      add(call, "callStart");
    }

    @Override
    public void dnsEnd(Call call, String domainName, List<InetAddress> addresses) {
      add(call, "dnsEnd");
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      add(call, "connectStart");
    }

    @Override
    public void secureConnectEnd(Call call, @Nullable Handshake handshake) {
      add(call, "secureConnectEnd");
    }

    @Override
    public void connectEnd(
        Call call, InetSocketAddress address, Proxy proxy, @Nullable Protocol protocol) {
      add(call, "connectEnd");
    }

    @Override
    public void connectionAcquired(Call call, Connection connection) {
      add(call, "connectionAcquired");
    }

    @Override
    public void connectionReleased(Call call, Connection connection) {
      add(call, "connectionReleased");
    }

    @Override
    public void requestHeadersEnd(Call call, Request request) {
      add(call, "requestHeadersEnd");
    }

    @Override
    public void requestBodyEnd(Call call, long bytes) {
      add(call, "requestBodyEnd " + bytes);
    }

    @Override
    public void responseHeadersEnd(Call call, Response response) {
      add(call, "responseHeadersEnd " + response.code());
    }

    @Override
    public void responseFailed(Call call, IOException failure) {
      add(call, "responseFailed");
    }

    @Override
    public void responseBodyEnd(Call call, long bytes) {
      add(call, "responseBodyEnd " + bytes);
    }

    @Override
    public void callEnd(Call call) {
      add(call, "callEnd");
    }

    @Override
    public void callFailed(Call call, IOException failure) {
      add(call, "callFailed");
    }

    @Override
    public void canceled(Call call) {
      add(call, "canceled");
    }
  }

  private OkHttpClient listening(OkHttpClient client) {
    return client.newBuilder().eventListener(new Recorder()).build();
  }

  @ParameterizedTest
  @EnumSource
  void firstAttempt_looksAsWithAPlainClient(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      fleet.answer(0, "hello");
      fleet.answer(0, "hello");
      Fleet.read(
          listening(fleet.plain()),
          new Request.Builder().url(fleet.urlAt(0, "/")).build());
      List<String> plain = List.copyOf(events);
      events.clear();
      fleet.read(listening(fleet.client()), "/");
      assertThat(events).isEqualTo(plain);
    }
  }

  @ParameterizedTest
  @EnumSource
  void secondAttempt_isPartOfTheSameCall(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      fleet.fail(0);
      fleet.answer(1, "hello");
      OkHttpClient client = listening(fleet.client());
      Request request = fleet.get("/");
      Call call = client.newCall(request);
      try (Response response = call.execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
      }
      assertThat(calls).containsExactly(call);
      assertThat(events.get(0)).isEqualTo("callStart");
      for (String once :
          List.of("callStart", "callEnd", "responseHeadersEnd 200", "responseBodyEnd 5")) {
        assertThat(events).filteredOn(once::equals).as(once).hasSize(1);
      }
      for (String twice : List.of(
          "dnsEnd",
          "connectStart",
          "connectEnd",
          "connectionAcquired",
          "connectionReleased",
          "requestHeadersEnd")) {
        assertThat(events).filteredOn(twice::equals).as(twice).hasSize(2);
      }
      assertThat(events).doesNotContain("callFailed", "canceled");
    }
  }

  @ParameterizedTest
  @EnumSource
  void allAttemptsFail_isOneFailedCall(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      for (int attempt = 1; attempt <= 3; attempt++) { // as many as there are at most
        fleet.fail(0);
        fleet.fail(1);
      }
      OkHttpClient client = listening(fleet.client());
      assertThatThrownBy(() -> fleet.read(client, "/")).isInstanceOf(IOException.class);
      assertThat(events).filteredOn("callStart"::equals).hasSize(1);
      assertThat(events).filteredOn("callFailed"::equals).hasSize(1);
      assertThat(events).doesNotContain("callEnd", "canceled");
      assertThat(calls).hasSize(1);
    }
  }

  /** A later OkHttp may have more of them. */
  @Test
  void allEventsOfAnAttemptAreForwarded() {
    Set<String> expected = new TreeSet<>();
    for (Method method : EventListener.class.getDeclaredMethods()) {
      if (Modifier.isPublic(method.getModifiers())
          && !Modifier.isStatic(method.getModifiers())
          && !Modifier.isFinal(method.getModifiers())) {
        expected.add(method.getName());
      }
    }
    expected.removeAll(Set.of("callStart", "callEnd", "callFailed", "canceled"));
    expected.removeAll(Set.of("dispatcherQueueStart", "dispatcherQueueEnd")); // never queued
    Set<String> forwarded = new TreeSet<>();
    for (Method method : ForwardedEvents.class.getDeclaredMethods()) {
      if (Modifier.isPublic(method.getModifiers())) {
        forwarded.add(method.getName());
      }
    }
    assertThat(forwarded).isEqualTo(expected);
  }
}
