#include "gateway/core/checked.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

TEST(Ins, AcceptsRightKeysWithCorsica) {
  // Claim: keys of metropolitan, 2A and 2B matricules are computed as RNIV 1 says.
  for (const char* matricule : {"279035121518989", "277076322082910", "260058815400233", "207058575627097",
                                "274075176079430", "180032B02040123"}) {
    EXPECT_TRUE(Ins::parse(matricule, ins_nir_test_oid, Environment::test).ok()) << matricule;
  }
}

TEST(Ins, RefusesWrongKeysOfOfficialMaterial) {
  // Claim: the matricules that official examples print with a wrong key are refused.
  for (const char* matricule : {"276037510669380", "260058815400244", "223042545611404", "289057545611404"}) {
    const auto ins = Ins::parse(matricule, ins_nir_test_oid, Environment::test);
    ASSERT_FALSE(ins.ok()) << matricule;
    EXPECT_EQ(ins.error().faults.at(0).path, "matricule");
    EXPECT_EQ(ins.error().describe().find(matricule), std::string::npos);
  }
}

TEST(Ins, RefusesShapes) {
  // Claim: a length, a letter elsewhere than Corsica's, and an empty text are refused.
  for (const char* matricule :
       {"", "27903512151898", "2790351215189890", "27903A121518989", "2790351215189 9", "180032C02040123"}) {
    EXPECT_FALSE(Ins::parse(matricule, ins_nir_test_oid, Environment::test).ok()) << matricule;
  }
}

TEST(Ins, OidFollowsTheEnvironment) {
  // Claim: test OIDs never pass in production, nor production ones in test, nor obsolete ones anywhere.
  const char* matricule = "279035121518989";
  EXPECT_TRUE(Ins::parse(matricule, ins_nir_oid, Environment::production).ok());
  EXPECT_TRUE(Ins::parse(matricule, ins_nia_oid, Environment::production).ok());
  EXPECT_FALSE(Ins::parse(matricule, ins_nir_test_oid, Environment::production).ok());
  EXPECT_FALSE(Ins::parse(matricule, ins_nir_demo_oid, Environment::production).ok());
  EXPECT_FALSE(Ins::parse(matricule, ins_nir_oid, Environment::test).ok());
  EXPECT_FALSE(Ins::parse(matricule, "1.2.250.1.213.1.4.2", Environment::production).ok());
}

TEST(Oid, TakesDottedDecimalOnly) {
  // Claim: an OID has at least two arcs, no leading zero, a first arc up to 2, at most 64 characters.
  EXPECT_TRUE(oid_ok("1.2.250.1.213"));
  EXPECT_TRUE(oid_ok("2.25.329800735698586629295641978511506172918"));
  EXPECT_FALSE(oid_ok("5B3E0C55-51C5-4B0C-9B6E-0D0B4A0D7C11"));
  for (const char* oid : {"", "1", "1.", ".1", "1..2", "3.1", "1.02", "1.2.250.x", "12.5"})
    EXPECT_FALSE(oid_ok(oid)) << oid;
  EXPECT_FALSE(oid_ok("1." + std::string(63, '2')));
}

TEST(NationalIds, NeedTheirTypeDigit) {
  // Claim: a bare RPPS or FINESS is refused, each known type passes.
  for (const char* id : {"801234567897", "0123456789", "3750512345/42",
                         "5"
                         "12345678901234/A",
                         "601234567897/2"}) {
    EXPECT_TRUE(check_professional_id(id).ok()) << id;
  }
  for (const char* id : {"", "8", "01234567897A", "01234567897", "8012345678970", "3750512345", "9123"}) {
    EXPECT_FALSE(check_professional_id(id).ok()) << id;
  }
  for (const char* id : {"1750512345", "12A0000012", "2882741754", "391426230800010"})
    EXPECT_TRUE(check_organization_id(id).ok()) << id;
  for (const char* id : {"", "750512345", "17505123456", "1", "2A", "3882741754"})
    EXPECT_FALSE(check_organization_id(id).ok()) << id;
}

TEST(Mailbox, IsLowerCasedAndBounded) {
  // Claim: one plain address comes in, a line end or a second address never does.
  EXPECT_EQ(Mailbox::parse("Claire.Dubreuil@Medecin.Demo.MSSante.fr")->reveal(),
            "claire.dubreuil@medecin.demo.mssante.fr");
  EXPECT_EQ(Mailbox::parse("a@b.fr")->domain(), "b.fr");
  for (const char* text :
       {"", "a", "a@", "@b.fr", "a@b", "a@@b.fr", "a b@c.fr", "a@b.fr\r\nBcc: x@y.fr", "a@b.fr,c@d.fr",
        "\"a\"@b.fr", ".a@b.fr", "a.@b.fr", "a..b@c.fr", "a@-b.fr", "a@b_.fr", "é@b.fr", "a@b.fr."}) {
    EXPECT_FALSE(Mailbox::parse(text).ok()) << text;
  }
}

TEST(Dates, MustExist) {
  // Claim: only real days pass.
  for (const char* date : {"1979-03-28", "2000-02-29", "1900-12-31"}) EXPECT_TRUE(date_ok(date)) << date;
  for (const char* date : {"", "1979-3-28", "28/03/1979", "1900-02-29", "2001-02-29", "2001-13-01",
                           "2001-00-10", "2001-04-31", "1979-03-28 "}) {
    EXPECT_FALSE(date_ok(date)) << date;
  }
}

TEST(Names, StrictFormHasNoAccent) {
  // Claim: the stored form of RNIV 1 section 4.4.1, whatever the typography.
  EXPECT_EQ(strict_name("de La Tour d’Écar-l’Héritier"), "DE LA TOUR D'ECAR-L'HERITIER");
  EXPECT_EQ(strict_name("Œuvrard Ælis ÿ ß ŀ"), "OEUVRARD AELIS Y SS L");
  EXPECT_EQ(strict_name("  Anne   Marie "), "ANNE MARIE");
  EXPECT_EQ(strict_name("Franc\u0327ois"), "FRANCOIS");  // a combining cedilla
  EXPECT_EQ(strict_name("Łukasz Đorđe Šimůnek"), "LUKASZ DORDE SIMUNEK");
}

TEST(Names, AgreeButForSeparators) {
  // Claim: hyphen, apostrophe, space and case are no discrepancy (EXI PP 20), letters are.
  EXPECT_TRUE(same_name("Jean-Pierre", "JEAN PIERRE"));
  EXPECT_TRUE(same_name("D'Artagnan", "d’artagnan"));
  EXPECT_FALSE(same_name("Dupont", "Dupond"));
}

}  // namespace
}  // namespace psl
