package io.fairlead.benchmarks.peers;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import com.linecorp.armeria.client.ClientRequestContext;
import com.linecorp.armeria.client.Endpoint;
import com.linecorp.armeria.client.endpoint.EndpointGroup;
import com.linecorp.armeria.client.endpoint.EndpointSelectionStrategy;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import io.netty.util.AttributeKey;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Armeria's strategies, on an endpoint group that does not change. The context of each request was made beforehand. */
public final class ArmeriaPick implements Pick {

  private static final AttributeKey<String> KEY = AttributeKey.valueOf(ArmeriaPick.class, "KEY");

  private final ClientRequestContext[] contexts = new ClientRequestContext[Request.REQUESTS];
  private final EndpointGroup group;

  private ArmeriaPick(EndpointSelectionStrategy strategy, int members) {
    Arrays.setAll(contexts, ArmeriaPick::context);
    this.group = EndpointGroup.of(
        strategy,
        IntStream.range(0, members)
            .mapToObj(
                i -> Endpoint.of(Backends.host(i), Backends.PORT).withWeight(Backends.weight(i)))
            .toList());
  }

  /** One after the other. */
  public static Pick roundRobin(int members) {
    return new ArmeriaPick(EndpointSelectionStrategy.roundRobin(), members);
  }

  /** One after the other, in proportion to weight: its default. */
  public static Pick weightedRoundRobin(int members) {
    return new ArmeriaPick(EndpointSelectionStrategy.weightedRoundRobin(), members);
  }

  /** By the hash of the request's key, which is made as Fairlead's is, since Armeria leaves it to its user. */
  public static Pick sticky(int members) {
    Hasher64 hasher = Hashing.xxh3_64();
    return new ArmeriaPick(
        EndpointSelectionStrategy.sticky(
            context -> hasher.hashCharsToLong(Objects.requireNonNull(context.attr(KEY)))),
        members);
  }

  private static ClientRequestContext context(int i) {
    ClientRequestContext context = ClientRequestContext.of(HttpRequest.of(HttpMethod.GET, "/"));
    context.setAttr(KEY, Request.key(i));
    return context;
  }

  @Override
  public @Nullable Endpoint pick(Request request) {
    return group.selectNow(contexts[request.index()]);
  }

  @Override
  public void close() {
    group.close();
  }
}
