package io.fairlead.backend;

/**
 * Those members of one {@link Members} that may be picked, and their weights, at one moment: in a panic those too whose
 * vetoes are statistical only, and never one whose weight is 0, unless all weights in the pool are.
 *
 * <p>Immutable, so that what is read from one object fits together. It may be a moment old: whom a choice takes is asked
 * of the choice.
 */
public interface Live {

  /** How many there are. */
  int size();

  /**
   * The {@code i}-th of them.
   *
   * @param i 0 to {@code size() - 1}
   */
  Member member(int i);

  /**
   * The index in {@link Members#get} of the {@code i}-th of them; ascending.
   *
   * @param i 0 to {@code size() - 1}
   */
  int index(int i);

  /** The weight of the {@code i}-th of them, more than 0; 1 for each if all weights in the pool are 0. */
  double weight(int i);

  /**
   * What policies have made of the own weight of the {@code i}-th of them, more than 0: its {@link #weight} is the two
   * multiplied. 1 if no policy has a hand in it, less while it is held back, as a slow start does.
   */
  double factor(int i);

  /** The sum of their weights. */
  double total();

  /** Whether all their weights are equal. */
  boolean uniform();

  /** Whether so few members are available that statistical vetoes are disregarded. */
  boolean panic();
}
