package sachet.hapi;

import ca.uhn.fhir.jpa.cache.ResourceChangeListenerRegistryInterceptor;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsHooksDaoAuthorizationSvc;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsServiceRegistry;
import ca.uhn.hapi.fhir.cdshooks.config.CdsHooksConfig;
import ca.uhn.hapi.fhir.cdshooks.svc.CdsHooksContextBooter;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.http.HttpServlet;
import org.opencds.cqf.fhir.cr.hapi.cdshooks.CdsCrSettings;
import org.opencds.cqf.fhir.cr.hapi.config.CrCdsHooksConfig;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** CDS Hooks over stored PlanDefinitions (R4). The second import looks for the registry that the first one makes. */
@Configuration
@Import({CdsHooksConfig.class, CrCdsHooksConfig.class})
public class CdsHooks {
  @Bean CdsCrSettings cdsCrSettings() { return CdsCrSettings.getDefault(); }
  @Bean CdsHooksContextBooter cdsHooksContextBooter() { return new CdsHooksContextBooter(); }
  @Bean ICdsHooksDaoAuthorizationSvc cdsHooksDaoAuthorizationSvc() { return resource -> { }; }

  @Bean ResourceChangeListenerRegistryInterceptor changeListener() {
    return new ResourceChangeListenerRegistryInterceptor();
  }

  @Bean HttpServlet cdsServlet(
      ICdsServiceRegistry registry,
      @Qualifier(CdsHooksConfig.CDS_HOOKS_OBJECT_MAPPER_FACTORY) ObjectMapper json) {
    return new CdsServlet(registry, json);
  }
}
