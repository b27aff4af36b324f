package sachet.hapi;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.packages.IPackageInstallerSvc;
import ca.uhn.fhir.jpa.packages.PackageInstallationSpec;
import ca.uhn.fhir.rest.annotation.Operation;
import ca.uhn.fhir.rest.annotation.OperationParam;
import ca.uhn.fhir.util.ParametersUtil;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.hl7.fhir.instance.model.api.IBaseParameters;
import org.hl7.fhir.instance.model.api.IPrimitiveType;
import org.hl7.fhir.utilities.npm.NpmPackage;

/** POST ImplementationGuide/$install with a package in `npmContent`, as HAPI's starter project offers it. */
public record PackageInstall(FhirContext context, IPackageInstallerSvc installer) {
  @Operation(name = "$install", typeName = "ImplementationGuide")
  public IBaseParameters install(
      @OperationParam(name = "npmContent", min = 1, max = 1, typeName = "base64Binary") IPrimitiveType<byte[]> content)
      throws IOException {
    NpmPackage npm = NpmPackage.fromPackage(new ByteArrayInputStream(content.getValue()));
    PackageInstallationSpec wanted = new PackageInstallationSpec()
        .setName(npm.name())
        .setVersion(npm.version())
        .setPackageContents(content.getValue())
        .setInstallMode(PackageInstallationSpec.InstallModeEnum.STORE_AND_INSTALL);
    String types = System.getProperty("install", "");
    if (!types.isEmpty()) wanted.addInstallResourceTypes(types.split(","));
    installer.install(wanted);
    return ParametersUtil.newInstance(context);
  }
}
