import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.*;
import ca.uhn.fhir.validation.*;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.*;
import java.io.*;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.regex.*;
import java.util.stream.*;
import org.hl7.fhir.common.hapi.validation.support.*;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.elementmodel.*;
import org.hl7.fhir.r5.model.CanonicalResource;
import org.hl7.fhir.r5.model.CanonicalType;
import org.hl7.fhir.r5.utils.validation.*;
import org.hl7.fhir.r5.utils.validation.constants.*;
import org.hl7.fhir.validation.instance.advisor.BasePolicyAdvisorForFullValidation;
import org.hl7.fhir.utilities.npm.NpmPackage;

/** HL7's InstanceValidator (via HAPI) over JSON files, one JSON line per file, one summary line. */
public class Validate {
  static final ObjectMapper M = new ObjectMapper();
  static final Pattern RT = Pattern.compile("\"resourceType\"\\s*:\\s*\"([A-Za-z]+)\"");
  static final Set<String> CONF = Set.of("StructureDefinition", "ValueSet", "CodeSystem");
  static final String WARM = "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"warm-up\"},\"text\":{\"status\":\"generated\","
      + "\"div\":\"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p>x</p></div>\"}}";

  static void usage(String why) {
    System.err.println(why + "\nusage: validate --fhir r4|r4b|r5 [--profiles DIR|FILE.json|PKG.tgz]... [--no-best-practice] [--unknown-profile error|warn]\n"
        + "  [--unknown-system warning|error|information] [--any-ext yes|no] [--refs type|ignore|valid] [--assume-rest-refs] [--level error|warning|information] [--threads N] FILE_OR_DIR...\n"
        + "exit: 0 no errors, 1 errors found, 2 usage");
    System.exit(2);
  }

  public static void main(String[] a) throws Exception {
    long jvmMs = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
    String fhir = null, level = "information", uSys = "warning", refs = "type"; int threads = 1;
    boolean best = true, unkProfErr = true, anyExt = true, restRefs = false;
    List<Path> profiles = new ArrayList<>(), in = new ArrayList<>();
    for (int i = 0; i < a.length; i++) switch (a[i]) {
      case "--fhir": fhir = a[++i].toLowerCase(); break;
      case "--profiles": profiles.add(Path.of(a[++i])); break;
      case "--no-best-practice": best = false; break;
      case "--unknown-profile": unkProfErr = !a[++i].startsWith("warn"); break;
      case "--unknown-system": uSys = a[++i]; break;
      case "--any-ext": anyExt = a[++i].equals("yes"); break;
      case "--refs": refs = a[++i]; break;
      case "--assume-rest-refs": restRefs = true; break;
      case "--level": level = a[++i]; break;
      case "--threads": threads = Integer.parseInt(a[++i]); break;
      default: if (a[i].startsWith("--")) usage("unknown flag " + a[i]); in.add(Path.of(a[i]));
    }
    if (fhir == null || in.isEmpty()) usage("need --fhir and at least one file or folder");
    long t0 = System.nanoTime();
    FhirContext ctx = switch (fhir) {
      case "r4", "4.0.1" -> FhirContext.forR4(); case "r4b", "4.3.0" -> FhirContext.forR4B(); case "r5", "5.0.0" -> FhirContext.forR5();
      default -> { usage("unknown release " + fhir); yield null; } };
    PrePopulatedValidationSupport extra = new PrePopulatedValidationSupport(ctx);
    int[] loaded = {0};
    for (Path p : profiles) load(ctx, extra, p, loaded);
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(ctx);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.valueOf(uSys.toUpperCase()));
    ValidationSupportChain chain = new ValidationSupportChain(new DefaultProfileValidationSupport(ctx), extra,
        new CommonCodeSystemsTerminologyService(ctx), new InMemoryTerminologyServerValidationSupport(ctx),
        new SnapshotGeneratingValidationSupport(ctx), unknown);
    FhirInstanceValidator iv = new FhirInstanceValidator(chain);
    iv.setBestPracticeWarningLevel(best ? BestPracticeWarningLevel.Warning : BestPracticeWarningLevel.Ignore);
    iv.setErrorForUnknownProfiles(unkProfErr);
    iv.setAnyExtensionsAllowed(anyExt);          // unknown extension: information (yes) or error (no)
    iv.setAssumeValidRestReferences(restRefs);
    iv.setValidatorPolicyAdvisor(new BasePolicyAdvisorForFullValidation(switch (refs) { case "ignore" -> ReferenceValidationPolicy.IGNORE;
        case "valid" -> ReferenceValidationPolicy.CHECK_VALID; default -> ReferenceValidationPolicy.CHECK_TYPE_IF_EXISTS; }, Set.of()));
    Map<String, Path> index = new ConcurrentHashMap<>();      // "Type/id" of every input file: what a reference may point to
    iv.setValidatorResourceFetcher(new Fetcher(iv, index));
    ValidatorSession.running = iv::getWorkerContext;
    FhirValidator v = new FhirValidator(ctx).registerValidatorModule(iv);
    long t1 = System.nanoTime();
    v.validateWithResult(WARM);                  // loads and converts the core definitions
    long t2 = System.nanoTime();

    List<Path> files = new ArrayList<>();
    for (Path p : in) if (Files.isDirectory(p)) { try (Stream<Path> s = Files.walk(p)) {
        s.filter(q -> q.toString().endsWith(".json") && Files.isRegularFile(q)).sorted().forEach(files::add); } } else files.add(p);
    for (Path f : files) try { var n = M.readTree(Files.readAllBytes(f)); if (n.hasNonNull("id")) index.put(n.path("resourceType").asText() + "/" + n.get("id").asText(), f); } catch (IOException e) { /* reported below */ }
    int keep = List.of("error", "warning", "information").indexOf(level) + 1;
    ExecutorService ex = Executors.newFixedThreadPool(threads);
    List<Future<ObjectNode>> fs = new ArrayList<>();
    for (Path f : files) fs.add(ex.submit(() -> one(v, f, keep)));
    long[] n = new long[4]; double[] ms = new double[files.size()]; int k = 0; long bad = 0;
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    for (Future<ObjectNode> fu : fs) {
      ObjectNode o = fu.get();
      n[0] += o.get("errors").asInt(); n[1] += o.get("warnings").asInt(); n[2] += o.get("informations").asInt();
      if (o.get("errors").asInt() > 0) bad++;
      ms[k++] = o.get("ms").asDouble();
      out.println(M.writeValueAsString(o)); out.flush();
    }
    ex.shutdown();
    long t3 = System.nanoTime();
    double[] s = ms.clone(); Arrays.sort(s);
    ObjectNode z = M.createObjectNode().put("summary", true).put("fhir", ctx.getVersion().getVersion().getFhirVersionString())
        .put("engine", jar(org.hl7.fhir.validation.instance.InstanceValidator.class)).put("files", files.size()).put("files_with_errors", bad)
        .put("errors", n[0]).put("warnings", n[1]).put("informations", n[2]).put("extra_definitions", loaded[0])
        .put("jvm_ms", jvmMs).put("context_ms", (t1 - t0) / 1000000).put("warmup_ms", (t2 - t1) / 1000000).put("validate_ms", (t3 - t2) / 1000000)
        .put("first_ms", k == 0 ? 0 : r(ms[0])).put("median_ms", k == 0 ? 0 : r(s[k / 2])).put("max_ms", k == 0 ? 0 : r(s[k - 1])).put("threads", threads)
        .put("peak_rss_mb", rss());
    out.println(M.writeValueAsString(z)); out.flush();
    System.exit(bad > 0 ? 1 : 0);
  }

  record Fetcher(FhirInstanceValidator iv, Map<String, Path> index) implements IValidatorResourceFetcher {
    public Element fetch(IResourceValidator v, Object c, String url) throws IOException {
      Matcher m = Pattern.compile("([A-Za-z]+/[A-Za-z0-9.-]{1,64})(/_history/.*)?$").matcher(url); Path p = m.find() ? index.get(m.group(1)) : null;
      return p == null ? null : Manager.parseSingle(iv.getWorkerContext(), new ByteArrayInputStream(Files.readAllBytes(p)), Manager.FhirFormat.JSON);
    }
    public boolean resolveURL(IResourceValidator v, Object c, String path, String url, String type, boolean canonical, List<CanonicalType> t) { return true; }
    public byte[] fetchRaw(IResourceValidator v, String url) { return null; }
    public IValidatorResourceFetcher setLocale(Locale l) { return this; }
    public CanonicalResource fetchCanonicalResource(IResourceValidator v, Object c, String url) { return null; }
    public boolean fetchesCanonicalResource(IResourceValidator v, String url) { return false; }
    public Set<ResourceVersionInformation> fetchCanonicalResourceVersions(IResourceValidator v, Object c, String url) { return Set.of(); }
  }

  static ObjectNode one(FhirValidator v, Path f, int keep) {
    ObjectNode o = M.createObjectNode().put("file", f.toString());
    int[] c = new int[3]; ArrayNode is = M.createArrayNode(); String rt = "?"; long t = System.nanoTime();
    try {
      String txt = Files.readString(f);
      Matcher m = RT.matcher(txt); if (m.find()) rt = m.group(1);
      try { rt = M.readTree(txt).path("resourceType").asText(rt); } catch (IOException e) { /* the engine reports it */ }
      t = System.nanoTime();
      for (SingleValidationMessage x : v.validateWithResult(txt).getMessages()) {
        int sv = x.getSeverity() == null ? 2 : switch (x.getSeverity()) { case FATAL, ERROR -> 0; case WARNING -> 1; default -> 2; };
        c[sv]++;
        if (sv < keep) is.addObject().put("severity", String.valueOf(x.getSeverity()).toLowerCase()).put("location", x.getLocationString())
            .put("line", x.getLocationLine()).put("messageId", x.getMessageId()).put("message", x.getMessage());
      }
    } catch (Throwable e) {
      c[0]++;
      is.addObject().put("severity", "fatal").put("location", "(file)").put("messageId", "EXCEPTION").put("message", e.toString());
    }
    o.put("resourceType", rt).put("errors", c[0]).put("warnings", c[1]).put("informations", c[2]).put("ms", r((System.nanoTime() - t) / 1e6));
    o.set("issues", is);
    return o;
  }

  static void load(FhirContext ctx, PrePopulatedValidationSupport to, Path p, int[] n) throws Exception {
    if (Files.isDirectory(p)) {
      List<Path> all; try (Stream<Path> s = Files.walk(p)) { all = s.filter(Files::isRegularFile).sorted().collect(Collectors.toList()); }
      for (Path q : all) if (q.toString().matches(".*\\.(json|xml|tgz)")) load(ctx, to, q, n);
    } else if (p.toString().endsWith(".tgz")) {
      NpmPackage pk; try (InputStream s = Files.newInputStream(p)) { pk = NpmPackage.fromPackage(s); }
      for (String f : pk.listResources(CONF)) add(ctx, to, new String(pk.loadResource(f).readAllBytes(), StandardCharsets.UTF_8), p + "!" + f, n);
    } else add(ctx, to, Files.readString(p), p.toString(), n);
  }

  static void add(FhirContext ctx, PrePopulatedValidationSupport to, String txt, String name, int[] n) {
    boolean xml = txt.stripLeading().startsWith("<"); Matcher m = RT.matcher(txt);
    if (!xml && !(m.find() && (CONF.contains(m.group(1)) || m.group(1).equals("Bundle")))) return;
    try {
      IBaseResource r = (xml ? ctx.newXmlParser() : ctx.newJsonParser()).parseResource(txt);
      List<? extends IBaseResource> all = ctx.getResourceType(r).equals("Bundle") ? ca.uhn.fhir.util.BundleUtil.toListOfResources(ctx, (org.hl7.fhir.instance.model.api.IBaseBundle) r) : List.of(r);
      for (IBaseResource x : all) if (CONF.contains(ctx.getResourceType(x))) { to.addResource(x); n[0]++; }
    } catch (Exception e) { System.err.println("profiles: skipped " + name + ": " + e.getMessage()); }
  }

  static String jar(Class<?> c) { String s = c.getProtectionDomain().getCodeSource().getLocation().getPath(); return s.substring(s.lastIndexOf('/') + 1); }
  static double r(double x) { return Math.round(x * 100) / 100.0; }
  static long rss() { try { for (String l : Files.readAllLines(Path.of("/proc/self/status"))) if (l.startsWith("VmHWM")) return Long.parseLong(l.replaceAll("\\D", "")) / 1024; } catch (IOException e) { } return -1; }
}
