/**
 * Client-side load balancing. A {@link io.fairlead.LoadBalancer} stands for one service that several servers offer; each
 * request {@linkplain io.fairlead.LoadBalancer#acquire leases} one of them, or is carried out as a whole
 * {@linkplain io.fairlead.LoadBalancer#call call} with failover. What is known of servers is in
 * {@link io.fairlead.backend}, ways of picking one in {@link io.fairlead.strategy}, what is known of a request and its end in
 * {@link io.fairlead.request}.
 *
 * <p>Nothing here knows of HTTP; lb-okhttp puts a balancer under an OkHttp client.
 */
@NullMarked
package io.fairlead;

import org.jspecify.annotations.NullMarked;
