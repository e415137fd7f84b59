/** Client-side load balancing for OkHttp. */
module io.fairlead.okhttp {
  requires static org.jspecify;
  requires transitive io.fairlead;
  requires transitive okhttp3;
  requires org.slf4j;

  exports io.fairlead.okhttp;
}
