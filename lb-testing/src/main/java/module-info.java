/** For tests of what uses Fairlead, and of strategies: time and chance to order, and the contract of a strategy. */
module io.fairlead.testing {
  requires transitive io.fairlead;
  requires transitive org.junit.jupiter.api;
  requires static transitive org.jspecify;

  exports io.fairlead.testing;
}
