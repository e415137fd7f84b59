package io.fairlead.okhttp;

import io.fairlead.request.RequestContext;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one request wants of its balancer. It travels with the request as a tag:
 *
 * <pre>{@code
 * new Request.Builder()
 *     .url("http://orders/v1/items")
 *     .tag(CallOptions.class, CallOptions.withKey(userId))
 *     .build();
 * }</pre>
 *
 * <p>Immutable.
 */
public final class CallOptions {

  private final RequestContext context;
  private final @Nullable Boolean repeatable;

  private CallOptions(RequestContext context, @Nullable Boolean repeatable) {
    this.context = context;
    this.repeatable = repeatable;
  }

  /** A key, by which strategies that hash pick the backend: {@code of(RequestContext.withKey(key))}. */
  public static CallOptions withKey(CharSequence key) {
    return of(RequestContext.withKey(key));
  }

  /**
   * All that a context can say: key, session, client's IP, endpoint, zone, timeout, how many attempts and of what length, and
   * whether it may be hedged. If the context is repeatable, so is the request; if it is not, the request's method decides,
   * unless {@link #repeatable(boolean)} says otherwise.
   */
  public static CallOptions of(RequestContext context) {
    Objects.requireNonNull(context, "context");
    return new CallOptions(context, context.isRepeatable() ? Boolean.TRUE : null);
  }

  /**
   * Says whether the request may be sent again although a backend may already have acted on it. By default it may if its method
   * is idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE), or if it has an {@code Idempotency-Key}. A body that can be written
   * only once keeps it from being sent again in any case.
   */
  public CallOptions repeatable(boolean repeatable) {
    return new CallOptions(context, repeatable);
  }

  RequestContext context() {
    return context;
  }

  @Nullable
  Boolean repeatable() {
    return repeatable;
  }

  @Override
  public String toString() {
    return "CallOptions{" + context + (repeatable == null ? "" : ", repeatable=" + repeatable)
        + "}";
  }
}
