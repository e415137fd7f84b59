package io.fairlead.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import mockwebserver3.MockWebServer;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/** How a client and its servers speak: what is claimed of a balanced client is to hold over each. */
enum Wire {
  HTTP,
  HTTPS_1,
  HTTPS_2;

  private static final HeldCertificate ROOT =
      new HeldCertificate.Builder().certificateAuthority(0).build();

  private static final HandshakeCertificates TRUST = new HandshakeCertificates.Builder()
      .addTrustedCertificate(ROOT.certificate())
      .build();

  private List<Protocol> protocols() {
    return this == HTTPS_2
        ? List.of(Protocol.HTTP_2, Protocol.HTTP_1_1)
        : List.of(Protocol.HTTP_1_1);
  }

  boolean isTls() {
    return this != HTTP;
  }

  /** A certificate that {@link #client} trusts, for these hosts and no others. */
  static HeldCertificate certificate(String... hosts) {
    HeldCertificate.Builder builder = new HeldCertificate.Builder().signedBy(ROOT);
    for (String host : hosts) {
      builder.addSubjectAlternativeName(host);
    }
    return builder.build();
  }

  /** A running server on 127.0.0.1, whose certificate is for these hosts alone. */
  MockWebServer server(String... hosts) throws IOException {
    return server(certificate(hosts));
  }

  MockWebServer server(HeldCertificate certificate) throws IOException {
    MockWebServer server = new MockWebServer();
    if (isTls()) {
      server.useHttps(new HandshakeCertificates.Builder()
          .heldCertificate(certificate)
          .build()
          .sslSocketFactory());
    }
    server.setProtocols(protocols());
    server.start(InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1}), 0);
    return server;
  }

  /** A plain client. */
  OkHttpClient client() {
    return new OkHttpClient.Builder()
        .protocols(protocols())
        .sslSocketFactory(TRUST.sslSocketFactory(), TRUST.trustManager())
        .build();
  }

  HttpUrl url(String host, String path) {
    return HttpUrl.get(scheme() + "://" + host + path);
  }

  String scheme() {
    return isTls() ? "https" : "http";
  }
}
