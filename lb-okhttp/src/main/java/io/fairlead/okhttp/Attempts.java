package io.fairlead.okhttp;

import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import okhttp3.Call;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What became of a balanced call: which backends it was sent to, and with which result. To be had from the call, also while
 * it runs and when it has failed, and from the response:
 *
 * <pre>{@code
 * Attempts.of(call).all()
 * Attempts.of(response).last().backend()
 * }</pre>
 *
 * <p>Thread-safe and live: an attempt that is under way is among them, without an outcome.
 */
public final class Attempts {

  /**
   * One attempt.
   *
   * @param backend where it was sent
   * @param outcome what became of it; null as long as that is not known
   * @param elapsed from its start to its outcome, which is when the headers have come; null as long as there is none
   * @param failure what it failed with; null if a response came
   */
  public record Attempt(
      Backend backend,
      @Nullable Outcome outcome,
      @Nullable Duration elapsed,
      @Nullable IOException failure) {}

  private static final class Entry {
    final Lease lease;
    volatile @Nullable IOException failure;

    Entry(Lease lease) {
      this.lease = lease;
    }

    Attempt toAttempt() {
      Outcome outcome = lease.outcome();
      Duration elapsed =
          outcome == null ? null : Duration.ofNanos(lease.answeredNanos() - lease.startNanos());
      return new Attempt(lease.backend(), outcome, elapsed, failure);
    }
  }

  // Almost always there is one. A hedge adds its own on another thread.
  private final AtomicReference<List<Entry>> entries = new AtomicReference<>(List.of());
  private volatile @Nullable AttemptListener listener;
  private volatile @Nullable Lease bringer; // of the response, where that need not be the last one

  private Attempts() {}

  /** Those of a call; it has them from the first time that this is asked. */
  static Attempts begin(Call call) {
    return call.tag(Attempts.class, Attempts::new);
  }

  /** Those of this call; null if it was not balanced. The same as {@code call.tag(Attempts.class)}. */
  public static @Nullable Attempts of(Call call) {
    return call.tag(Attempts.class);
  }

  /**
   * Those of the call that this response came from; null if that was not balanced, if an interceptor has replaced the
   * response's body, or if it opened a web socket. {@link #of(Call)} knows them then too.
   */
  public static @Nullable Attempts of(Response response) {
    return response.body() instanceof BalancedBody body ? body.attempts() : null;
  }

  /** All attempts until now, in their order. Unmodifiable. */
  public List<Attempt> all() {
    return entries().stream().map(Entry::toAttempt).toList();
  }

  /**
   * The last attempt until now: the one that brought the response, if there is one, though a hedge may have begun after it.
   *
   * @throws IllegalStateException if there is none yet
   */
  public Attempt last() {
    List<Entry> now = entries();
    if (now.isEmpty()) {
      throw new IllegalStateException("no attempt yet");
    }
    Lease known = bringer;
    if (known != null) {
      for (Entry entry : now) {
        if (entry.lease == known) {
          return entry.toAttempt();
        }
      }
    }
    return now.get(now.size() - 1).toAttempt();
  }

  private List<Entry> entries() {
    return Objects.requireNonNull(entries.get());
  }

  void begin(Lease lease, AttemptListener listener) {
    this.listener = listener;
    Entry entry = new Entry(lease);
    if (!entries.compareAndSet(List.of(), List.of(entry))) {
      entries.updateAndGet(
          before -> Stream.concat(before.stream(), Stream.of(entry)).toList());
    }
  }

  /** That of the present attempt, if it goes down the chain of the user's call. */
  @Nullable
  AttemptListener listener() {
    return listener;
  }

  /** There is no present attempt any more. */
  void finish() {
    listener = null;
  }

  /** Tells which of several has brought the response. */
  void brought(Lease lease) {
    bringer = lease;
  }

  void fail(Lease lease, IOException failure) {
    for (Entry entry : entries()) {
      if (entry.lease == lease) {
        entry.failure = failure;
      }
    }
  }

  @Override
  public String toString() {
    return all().toString();
  }
}
