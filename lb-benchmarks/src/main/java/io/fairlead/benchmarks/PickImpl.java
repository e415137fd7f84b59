package io.fairlead.benchmarks;

import io.fairlead.backend.Backend;
import io.fairlead.benchmarks.peers.AllGoodPick;
import io.fairlead.benchmarks.peers.ArmeriaPick;
import io.fairlead.benchmarks.peers.FinagleBalancer;
import io.fairlead.benchmarks.peers.GrpcPick;
import io.fairlead.benchmarks.peers.Hash4jPick;
import io.fairlead.benchmarks.peers.RibbonPick;
import io.fairlead.benchmarks.peers.ServiceTalkBalancer;
import io.fairlead.benchmarks.peers.SpringCloudPick;
import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.FairleadPick;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.References;
import io.fairlead.strategy.ConsistentHash;
import io.fairlead.strategy.Strategy;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Who picks in {@link PickBenchmark}: a line for each. The names are the values of the parameter {@code impl}, and so are
 * not written as constants are.
 */
public enum PickImpl {
  referenceNothing(members -> References.nothing()),
  referenceTicket(References::ticket),
  referenceRandom(References::random),
  referenceTwoLoads(References::twoLoads),
  referenceXxh3(members -> References.xxh3()),
  referenceXxh3AndTable(References::xxh3AndTable),

  fairleadRoundRobin(Strategy.roundRobin(), Backends::alike),
  fairleadWeightedRoundRobin(Strategy.weightedRoundRobin(), Backends::weighted),
  fairleadRandom(Strategy.random(), Backends::alike),
  fairleadRandomByWeight(Strategy.random(), Backends::weighted),
  fairleadPowerOfTwoChoices(Strategy.powerOfTwoChoices(), Backends::alike),
  fairleadPowerOfTwoChoicesByWeight(Strategy.powerOfTwoChoices(), Backends::weighted),
  fairleadLeastResponseTime(Strategy.leastResponseTime(), Backends::alike),
  fairleadIpHash(Strategy.ipHash(), Backends::alike),
  fairleadConsistentHash(Strategy.consistentHash(), Backends::alike),
  fairleadBoundedLoad(ConsistentHash.builder().boundedLoad().build(), Backends::alike),
  fairleadMaglev(Strategy.maglev(), Backends::alike),
  fairleadConsistentHashWithKey(
      members -> FairleadPick.withKey(Strategy.consistentHash(), Backends.alike(members))),
  fairleadMaglevWithKey(
      members -> FairleadPick.withKey(Strategy.maglev(), Backends.alike(members))),
  fairleadRendezvous(Strategy.rendezvous(), Backends::alike),
  fairleadSticky(Strategy.sticky(Strategy.roundRobin()), Backends::alike),
  fairleadZoneAware(Strategy.zoneAware(Strategy.roundRobin()), Backends::zoned),
  fairleadSubset(Strategy.subset(20, Strategy.roundRobin()), Backends::alike),
  fairleadLeastConnections(Strategy.leastConnections(), Backends::alike),
  fairleadLeastConnectionsByWeight(Strategy.leastConnections(), Backends::weighted),

  armeriaRoundRobin(ArmeriaPick::roundRobin),
  armeriaWeightedRoundRobin(ArmeriaPick::weightedRoundRobin),
  armeriaSticky(ArmeriaPick::sticky),
  grpcRoundRobin(GrpcPick::roundRobin),
  grpcWeightedRoundRobin(GrpcPick::weightedRoundRobin),
  grpcLeastRequest(GrpcPick::leastRequest),
  grpcRingHash(GrpcPick::ringHash),
  finagleP2c(FinagleBalancer::p2c),
  finaglePeakEwma(FinagleBalancer::p2cPeakEwma),
  servicetalkP2c(ServiceTalkBalancer::p2c),
  ribbonRoundRobin(RibbonPick::roundRobin),
  springCloudRoundRobin(SpringCloudPick::roundRobin),
  allGoodRing(AllGoodPick::ring),
  hash4jJumpHash(Hash4jPick::jumpHash),
  hash4jJumpBackHash(Hash4jPick::jumpBackHash);

  @SuppressWarnings("ImmutableEnumChecker") // no line has a state
  private final IntFunction<Pick> picks;

  PickImpl(IntFunction<Pick> picks) {
    this.picks = picks;
  }

  PickImpl(Strategy strategy, IntFunction<List<Backend>> backends) {
    this(members -> FairleadPick.of(strategy, backends.apply(members)));
  }

  /** Its pick, from so many servers. */
  Pick of(int members) {
    return picks.apply(members);
  }
}
