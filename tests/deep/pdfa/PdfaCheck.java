// Says of each file whether veraPDF finds it a PDF/A-1b; exit 1 when one is not.
import java.io.FileInputStream;
import java.io.InputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

public final class PdfaCheck {
  public static void main(String[] files) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    boolean allConform = files.length > 0;
    for (String file : files) allConform &= conforms(file);
    System.exit(allConform ? 0 : 1);
  }

  private static boolean conforms(String file) throws Exception {
    try (InputStream in = new FileInputStream(file);
        PDFAParser parser = Foundries.defaultInstance().createParser(in, PDFAFlavour.PDFA_1_B);
        PDFAValidator validator = Foundries.defaultInstance().createValidator(PDFAFlavour.PDFA_1_B, false)) {
      ValidationResult result = validator.validate(parser);
      System.out.println((result.isCompliant() ? "PDF/A-1b      " : "NOT PDF/A-1b  ") + file);
      for (TestAssertion broken : result.getTestAssertions()) {
        System.out.println("  " + broken.getRuleId().getClause() + " test " + broken.getRuleId().getTestNumber() + ": "
            + broken.getMessage() + " At " + broken.getLocation().getContext());
      }
      return result.isCompliant();
    }
  }
}
