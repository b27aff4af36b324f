package sachet.hapi;

import ca.uhn.fhir.rest.api.server.cdshooks.CdsServiceRequestJson;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsServiceRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;

/** GET /cds-services lists the services; POST /cds-services/{id of a PlanDefinition} calls one. */
class CdsServlet extends HttpServlet {
  private final transient ICdsServiceRegistry registry;
  private final transient ObjectMapper json;

  CdsServlet(ICdsServiceRegistry registry, ObjectMapper json) {
    this.registry = registry;
    this.json = json;
  }

  @Override protected void service(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    if (!BearerToken.wanted() || BearerToken.in(request)) super.service(request, response);
    else response.sendError(401);
  }

  @Override protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    if (service(request).isEmpty()) send(response, 200, registry.getCdsServicesJson());
    else response.sendError(404);
  }

  @Override protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
    try {
      CdsServiceRequestJson body = json.readValue(request.getReader(), CdsServiceRequestJson.class);
      send(response, 200, registry.callService(service(request), body));
    } catch (BaseServerResponseException e) {
      send(response, e.getStatusCode(), Map.of("error", String.valueOf(e.getMessage())));
    }
  }

  /** The service that a path names, empty for the list. */
  private static String service(HttpServletRequest request) {
    String path = request.getPathInfo();
    return path == null ? "" : path.substring(1);
  }

  private void send(HttpServletResponse response, int status, Object body) throws IOException {
    response.setStatus(status);
    response.setContentType("application/json;charset=UTF-8");
    response.getWriter().write(json.writeValueAsString(body));
  }
}
