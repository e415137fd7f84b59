package io.fairlead.okhttp;

import io.fairlead.request.Outcome;
import okhttp3.Response;

/**
 * Decides what a response tells of the backend that gave it, and so whether the request goes on to another, if it may be
 * repeated: if the outcome {@linkplain Outcome#failed() failed}, or asks for patience. If nobody does better the caller gets
 * the response.
 *
 * <p>Thread-safe and quick: it runs on the thread that makes the call, when the headers have come. If it throws, that is
 * logged and nothing is learned from the response.
 */
@FunctionalInterface
public interface ResponseClassifier {

  /**
   * What the response tells. It is that of the first hop, if there are redirects.
   *
   * @param response its code and headers; its body must not be touched
   */
  Outcome classify(Response response);

  /**
   * What is done by default: a 503 with {@code Retry-After} is {@linkplain Outcome#unavailable unavailable}, a 429 is
   * {@linkplain Outcome#throttled throttled}, any other 5xx is a {@linkplain Outcome#serverError server error}, and all else
   * is a {@linkplain Outcome#success success}, a 4xx too, since it is the client's fault.
   */
  static ResponseClassifier byStatus() {
    return StatusClassifier.INSTANCE;
  }
}
