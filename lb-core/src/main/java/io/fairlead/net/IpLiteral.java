package io.fairlead.net;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** An IP address written as text, told apart from a host name without asking any name service. */
public final class IpLiteral {

  private IpLiteral() {}

  /**
   * The address that {@code text} spells: four decimal numbers, or IPv6 without brackets, perhaps with a zone
   * ({@code fe80::1%eth0}). An IPv4 address mapped into IPv6 is that IPv4 address. Null if it is neither; the shortened
   * and octal forms of IPv4 that some resolvers know are neither.
   */
  public static @Nullable InetAddress parse(String text) {
    if (!(text.indexOf(':') >= 0 ? isHexAndColons(text) : isDottedQuad(text))) {
      return null;
    }
    try {
      return InetAddress.getByName(text); // a literal: no look-up is made
    } catch (UnknownHostException e) {
      return null;
    }
  }

  /** The address in its one canonical form (RFC 5952 for IPv6), with its zone if it has one, without brackets. */
  public static String canonical(InetAddress address) {
    if (!(address instanceof Inet6Address)) {
      return address.getHostAddress();
    }
    byte[] bytes = address.getAddress();
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
    }
    int from = 0; // of the longest run of two zeros or more, the first if there are several
    int length = 1;
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - i > length) {
        from = i;
        length = end - i;
      }
    }
    StringBuilder text = new StringBuilder(39);
    for (int i = 0; i < 8; i++) {
      if (length > 1 && i == from) {
        text.append("::");
        i += length - 1;
      } else {
        if (i > 0 && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(groups[i]));
      }
    }
    String plain = address.getHostAddress();
    int zone = plain.indexOf('%');
    return zone < 0 ? text.toString() : text + plain.substring(zone);
  }

  /** Whether all of it is digits and dots, and so would be meant as an IPv4 address, well-formed or not. */
  public static boolean looksLikeIpv4(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
  }

  private static boolean isDottedQuad(String text) {
    int parts = 0;
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i < text.length() && text.charAt(i) != '.') {
        continue;
      }
      if (!isByte(text, start, i)) {
        return false;
      }
      parts++;
      start = i + 1;
    }
    return parts == 4;
  }

  /** 0 to 255 without leading zeros, which some would read as octal. */
  private static boolean isByte(String text, int start, int end) {
    int length = end - start;
    if (length < 1 || length > 3 || (length > 1 && text.charAt(start) == '0')) {
      return false;
    }
    int value = 0;
    for (int i = start; i < end; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      value = value * 10 + digit;
    }
    return value <= 255;
  }

  private static boolean isHexAndColons(String text) {
    int zone = text.indexOf('%');
    String address = zone < 0 ? text : text.substring(0, zone);
    // The JDK looks names up, and for it a name is whatever does not begin with a digit or a colon.
    return address.length() >= 2
        && address.charAt(0) != '.'
        && zone != text.length() - 1
        && address
            .chars()
            .allMatch(c -> c == ':' || c == '.' || (c < 128 && Character.digit(c, 16) >= 0));
  }
}
