package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.request.Outcome;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** OkHttp's cache knows the logical host, so that what one backend gave serves for all. */
class CacheTest {

  @TempDir
  private Path folder;

  private static MockResponse cacheable(String body) {
    return new MockResponse.Builder()
        .addHeader("Cache-Control", "max-age=3600")
        .body(body)
        .build();
  }

  private static Request forceCache(Fleet fleet) {
    return fleet.get("/").newBuilder().cacheControl(CacheControl.FORCE_CACHE).build();
  }

  private OkHttpClient client(Fleet fleet, Wire wire) {
    return fleet.interceptor().install(withCache(wire.client()));
  }

  private OkHttpClient withCache(OkHttpClient client) {
    File cache = folder.resolve("cache").toFile();
    return client.newBuilder().cache(new Cache(cache, 1 << 20)).build();
  }

  @ParameterizedTest
  @EnumSource
  void hit_asksNobodyAndTeachesNothing(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inTurn(wire, 2)) {
      OkHttpClient client = client(fleet, wire);
      fleet.answer(0, cacheable("first"));
      for (int i = 0; i < 3; i++) {
        try (Response response = client.newCall(fleet.get("/")).execute()) {
          assertThat(response.body().string()).isEqualTo("first");
          assertThat(response.cacheResponse() != null).isEqualTo(i > 0);
          assertThat(Attempts.of(response).last().outcome())
              .isEqualTo(i > 0 ? Outcome.ignored().unsent() : Outcome.success());
        }
      }
      assertThat(fleet.server(0).getRequestCount()).isEqualTo(1);
      assertThat(fleet.server(1).getRequestCount()).isZero();
      assertThat(client.cache().hitCount()).isEqualTo(2);
      fleet.assertIdle();
      client.cache().close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void hit_whoseBodyIsLeftOpen_isNotInFlight(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      OkHttpClient client = client(fleet, wire);
      fleet.answer(0, cacheable("first"));
      fleet.read(client, "/");
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        assertThat(response.networkResponse()).isNull();
        fleet.assertIdle();
      }
      client.cache().close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void post_isNeverAnsweredFromTheCache(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      OkHttpClient client = client(fleet, wire);
      fleet.answer(0, cacheable("got"));
      fleet.answer(0, "posted");
      assertThat(fleet.read(client, "/")).isEqualTo("got");
      assertThat(Fleet.read(client, fleet.post("/", "x"))).isEqualTo("posted");
      client.cache().close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void etagOfOneBackend_isRevalidatedByAnother(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inTurn(wire, 2)) {
      OkHttpClient client = client(fleet, wire);
      fleet.answer(
          0,
          new MockResponse.Builder()
              .addHeader("ETag", "\"v1\"")
              .addHeader("Cache-Control", "no-cache")
              .body("first")
              .build());
      fleet.answer(1, new MockResponse.Builder().code(304).build());
      assertThat(fleet.read(client, "/")).isEqualTo("first");
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        assertThat(response.networkResponse().code()).isEqualTo(304);
        assertThat(Attempts.of(response).last().outcome()).isEqualTo(Outcome.success());
        assertThat(response.body().string()).isEqualTo("first");
      }
      assertThat(fleet.taken(1).getHeaders().get("If-None-Match")).isEqualTo("\"v1\"");
      fleet.assertIdle();
      client.cache().close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void onlyIfCached_isAnsweredByTheCacheAlone(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = client(fleet, wire);
      try (Response response = client.newCall(forceCache(fleet)).execute()) {
        assertThat(response.code()).isEqualTo(504);
        assertThat(Attempts.of(response).all()).hasSize(1);
        assertThat(Attempts.of(response).last().outcome())
            .isEqualTo(Outcome.ignored().unsent());
        fleet.assertIdle();
      }
      fleet.answer(0, cacheable("first"));
      fleet.read(client, "/");
      assertThat(Fleet.read(client, forceCache(fleet))).isEqualTo("first");
      assertThat(fleet.server(0).getRequestCount()).isEqualTo(1);
      fleet.assertIdle();
      client.cache().close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void cacheOfADerivedClient_isWrittenAndReadAfterAFailureToo(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = withCache(fleet.client());
      fleet.fail(0);
      fleet.answer(1, cacheable("second"));
      assertThat(fleet.read(client, "/")).isEqualTo("second");
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        assertThat(response.cacheResponse()).isNotNull();
        assertThat(response.body().string()).isEqualTo("second");
      }
      fleet.assertIdle();
      client.cache().close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void cachedRedirectToAForeignHost_foreignAnswerTeachesNothingOfTheBackend(Wire wire)
      throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1);
        MockWebServer foreign = wire.server("elsewhere.example")) {
      OkHttpClient client = fleet
          .interceptor()
          .install(withCache(
              wire.client().newBuilder().dns(Fleet.dns("elsewhere.example")).build()));
      String there = wire.url("elsewhere.example", "/")
          .newBuilder()
          .port(foreign.getPort())
          .build()
          .toString();
      fleet.answer(
          0, cacheable("").newBuilder().code(301).addHeader("Location", there).build());
      for (int i = 0; i < 2; i++) {
        foreign.enqueue(new MockResponse.Builder().code(500).body("broken").build());
        assertThat(fleet.read(client, "/")).isEqualTo("broken");
      }
      assertThat(fleet.server(0).getRequestCount()).isEqualTo(1);
      assertThat(fleet.balancer().snapshot().toString())
          .contains("success 1", "ignored 1")
          .doesNotContain("server error");
      fleet.assertIdle();
    }
  }
}
