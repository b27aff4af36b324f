package sachet.hapi;

import static java.util.concurrent.CompletableFuture.completedFuture;

import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.r4b.JpaR4BConfig;
import ca.uhn.fhir.jpa.config.r5.JpaR5Config;
import ca.uhn.fhir.jpa.topic.SubscriptionTopicConfig;
import ca.uhn.fhir.rest.server.RestfulServer;
import jakarta.servlet.http.HttpServlet;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * HAPI FHIR JPA on 127.0.0.1. Prints "READY", the release and the address when it serves; SIGTERM ends it.
 *
 * Switches:
 *   -Dport=8080           the port; 0 is any free one
 *   -Dfhir=R4|R4B|R5      the release (R4, the only one with $apply and CDS Hooks)
 *   -Dtoken=SECRET        401 without "Authorization: Bearer SECRET"
 *   -Ddb=FILE             keep the data in a file of H2 (in memory)
 *   -Dvalidate=true       refuse invalid resources on every write
 *   -Dcds=true            CDS Hooks under /cds-services
 *   -Dinstall=Type,Type   the types that ImplementationGuide/$install stores (conformance resources)
 *   -Dlog=INFO            the level of the log on stderr (WARN)
 *   -Dparent=PID          end when this process has ended
 */
public class Server {
  public static void main(String[] args) throws Exception {
    Long parent = Long.getLong("parent");
    if (parent != null) endWith(parent);
    String release = System.getProperty("fhir", "R4").toUpperCase();
    boolean cds = release.equals("R4") && Boolean.getBoolean("cds");
    Tomcat tomcat = tomcat(beans(release, cds), Integer.getInteger("port", 8080), cds);
    tomcat.start();
    int port = tomcat.getConnector().getLocalPort();
    System.out.println("READY " + release + " http://127.0.0.1:" + port + "/fhir");
    tomcat.getServer().await();
  }

  /** A test run that is killed leaves no server behind. */
  private static void endWith(long process) {
    CompletableFuture<?> end =
        ProcessHandle.of(process).<CompletableFuture<?>>map(ProcessHandle::onExit).orElse(completedFuture(null));
    end.thenRun(() -> Runtime.getRuntime().halt(0));
  }

  private static ApplicationContext beans(String release, boolean cds) {
    List<Class<?>> configurations = new ArrayList<>(List.of(Storage.class));
    switch (release) {
      case "R4" -> configurations.addAll(List.of(JpaR4Config.class, ApplyOperation.class));
      case "R4B" -> configurations.addAll(List.of(JpaR4BConfig.class, SubscriptionTopicConfig.class));
      case "R5" -> configurations.addAll(List.of(JpaR5Config.class, SubscriptionTopicConfig.class));
      default -> throw new IllegalArgumentException("-Dfhir must be R4, R4B or R5, not " + release);
    }
    if (cds) configurations.add(CdsHooks.class);
    AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext();
    beans.setAllowCircularReferences(true);
    beans.register(configurations.toArray(Class[]::new));
    beans.refresh();
    return beans;
  }

  private static Tomcat tomcat(ApplicationContext beans, int port, boolean cds) throws IOException {
    Connector connector = new Connector();
    connector.setProperty("address", "127.0.0.1");
    connector.setProperty("relaxedQueryChars", "|"); // canonicals with a version
    connector.setPort(port);
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(Files.createTempDirectory("hapi").toString());
    tomcat.setConnector(connector);
    Context web = tomcat.addContext("", null);
    Tomcat.addServlet(web, "fhir", beans.getBean(RestfulServer.class)).setLoadOnStartup(1);
    web.addServletMappingDecoded("/fhir/*", "fhir");
    if (cds) {
      Tomcat.addServlet(web, "cds", beans.getBean("cdsServlet", HttpServlet.class)).setLoadOnStartup(2);
      web.addServletMappingDecoded("/cds-services/*", "cds");
    }
    return tomcat;
  }
}
