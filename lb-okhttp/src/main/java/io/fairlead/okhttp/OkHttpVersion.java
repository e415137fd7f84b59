package io.fairlead.okhttp;

import okhttp3.OkHttp;

/** Which OkHttp there is at run time. */
final class OkHttpVersion {

  private OkHttpVersion() {}

  /**
   * Checks the one on the class path: other libraries bring older ones along.
   *
   * @throws IllegalStateException if it is too old
   */
  static void check() {
    String version;
    try {
      // Through reflection, or the compiler would copy the value of the version that this was
      // compiled with.
      version = String.valueOf(OkHttp.class.getField("VERSION").get(null));
    } catch (ReflectiveOperationException | LinkageError e) {
      version = "unknown";
    }
    check(version);
  }

  static void check(String version) {
    String[] parts = version.split("[.-]", 3);
    try {
      int major = Integer.parseInt(parts[0]);
      int minor = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
      if (major > 5 || (major == 5 && minor >= 4)) {
        return;
      }
    } catch (NumberFormatException e) {
      // not a version: refused below
    }
    throw new IllegalStateException(
        "OkHttp " + version + " is on the class path (expected: 5.4 or later; another library may "
            + "have brought it: import com.squareup.okhttp3:okhttp-bom:5.5.1 in the dependencyManagement of your pom)");
  }
}
