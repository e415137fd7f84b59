package io.fairlead.okhttp;

import io.fairlead.Lease;
import java.io.IOException;
import okhttp3.MediaType;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.BufferedSource;
import okio.ForwardingSource;
import okio.Okio;
import org.jspecify.annotations.Nullable;

/** The body of a balanced call's response: gives the lease back when it has been read, has failed, or is closed. */
final class BalancedBody extends ResponseBody {

  private final ResponseBody body;
  private final Attempts attempts;
  private final BufferedSource source;

  BalancedBody(ResponseBody body, Lease lease, Attempts attempts, Leaks leaks) {
    this.body = body;
    this.attempts = attempts;
    LeasedSource leased = new LeasedSource(body, lease);
    this.source = Okio.buffer(leased);
    leased.watch = leaks.watch(source, lease);
  }

  /** A body of which nothing is to come any more, so that nothing is to be given back. */
  BalancedBody(ResponseBody body, Attempts attempts) {
    this.body = body;
    this.attempts = attempts;
    this.source = body.source();
  }

  Attempts attempts() {
    return attempts;
  }

  @Override
  public @Nullable MediaType contentType() {
    return body.contentType();
  }

  @Override
  public long contentLength() {
    return body.contentLength();
  }

  @Override
  public BufferedSource source() {
    return source;
  }

  private static final class LeasedSource extends ForwardingSource {
    private final Lease lease;
    private long missing;
    private Leaks.@Nullable Watch watch;

    LeasedSource(ResponseBody body, Lease lease) {
      super(body.source());
      this.lease = lease;
      this.missing = body.contentLength(); // -1 if that is not known
    }

    @Override
    public long read(Buffer sink, long byteCount) throws IOException {
      long read;
      try {
        read = super.read(sink, byteCount);
      } catch (IOException | RuntimeException e) {
        end();
        throw e;
      }
      // Of a length that was announced nothing may be read beyond: on HTTP/2 the end may come
      // later.
      if (read == -1 || missing == read) {
        end();
      }
      missing -= missing == -1 ? 0 : read;
      return read;
    }

    @Override
    public void close() throws IOException {
      try {
        super.close();
      } finally {
        end();
      }
    }

    private void end() {
      lease.close();
      if (watch != null) {
        watch.stop();
      }
    }
  }
}
