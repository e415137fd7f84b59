/**
 * What is known of a member's health: a failure detector for each, which goes by a breaker and by whether the member can be
 * connected to; breakers for single endpoints; and a cap on how many may be out by such judgement at once. Not exported: a balancer's settings are the way to it.
 */
@NullMarked
package io.fairlead.health;

import org.jspecify.annotations.NullMarked;
