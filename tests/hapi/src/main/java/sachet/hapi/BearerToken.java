package sachet.hapi;

import ca.uhn.fhir.interceptor.api.Hook;
import ca.uhn.fhir.interceptor.api.Pointcut;
import ca.uhn.fhir.rest.server.exceptions.AuthenticationException;
import jakarta.servlet.http.HttpServletRequest;

/** -Dtoken=SECRET: everything but /metadata needs "Authorization: Bearer SECRET". */
public class BearerToken {
  private static final String SECRET = System.getProperty("token", "");

  static boolean wanted() { return !SECRET.isEmpty(); }

  static boolean in(HttpServletRequest request) {
    return ("Bearer " + SECRET).equals(request.getHeader("Authorization"));
  }

  @Hook(Pointcut.SERVER_INCOMING_REQUEST_POST_PROCESSED)
  public boolean check(HttpServletRequest request) {
    if ("/metadata".equals(request.getPathInfo()) || in(request)) return true;
    AuthenticationException refusal = new AuthenticationException("Missing or wrong bearer token");
    refusal.addResponseHeader("WWW-Authenticate", "Bearer realm=\"sachet\"");
    throw refusal;
  }
}
