package io.fairlead.strategy;

import java.util.function.Function;

/** A strategy that can tell what it is. */
record Named(String name, Function<Environment, Selector> selectors) implements Strategy {

  @Override
  public Selector start(Environment environment) {
    return selectors.apply(environment);
  }

  @Override
  public String toString() {
    return name;
  }
}
