package org.hl7.fhir.r5.utils.validation;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.hl7.fhir.r5.context.IWorkerContext;

/**
 * Stands before the engine's class of this name on the class path.
 *
 * To check the context of an extension's definition, the engine looks for the definitions of the release by a version
 * that HAPI's context does not answer to, and then for a core package in a cache on the network; offline every
 * definition of an extension would be an error. Here the engine gets the definitions that it is running with.
 */
public class ValidatorSession {
  public static final String VIEW_DEFINITION_CONTEXT = "VIEW_DEFINITION_CONTEXT";

  /** The definitions that the engine is running with. */
  public static volatile Supplier<IWorkerContext> running = () -> null;

  private final Map<String, Object> objects = new HashMap<>();
  protected String sessionId = UUID.randomUUID().toString().toLowerCase();
  private final Map<String, IWorkerContext> otherVersions = new HashMap<>() {
    @Override public boolean containsKey(Object version) { return true; }
    @Override public IWorkerContext get(Object version) { return running.get(); }
  };

  public String getSessionId() { return sessionId; }
  public Map<String, Object> getObjects() { return objects; }
  public Map<String, IWorkerContext> getOtherVersions() { return otherVersions; }
  public void close() { objects.clear(); }
}
