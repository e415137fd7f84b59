/**
 * Load balancing under an OkHttp client: a {@link io.fairlead.okhttp.LoadBalancingInterceptor} leads each call to the host
 * that a balancer is named after to one of its backends. The URL stays as it is, all the way down, so that TLS, cookies,
 * the cache and redirects work as if the host were one server.
 *
 * <p>Inside, a {@code BalancedCall} is what the balancer's call runs for each attempt; an {@code Endpoint} knows how to dial
 * one backend; an {@code AttemptListener} and a {@code BalancedBody} notice when an attempt has ended.
 */
@NullMarked
package io.fairlead.okhttp;

import org.jspecify.annotations.NullMarked;
