package sachet.hapi;

import org.opencds.cqf.fhir.cql.EvaluationSettings;
import org.opencds.cqf.fhir.cr.hapi.config.RepositoryConfig;
import org.opencds.cqf.fhir.cr.hapi.config.r4.ApplyOperationConfig;
import org.opencds.cqf.fhir.utility.client.TerminologyServerClientSettings;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** PlanDefinition/$apply and ActivityDefinition/$apply (R4). */
@Configuration
@Import({RepositoryConfig.class, ApplyOperationConfig.class})
public class ApplyOperation {
  @Bean EvaluationSettings evaluationSettings() { return EvaluationSettings.getDefault(); }

  @Bean TerminologyServerClientSettings terminologyServerClientSettings() {
    return TerminologyServerClientSettings.getDefault();
  }
}
