"""What FHIR is: releases as data, elements that know their lines, addresses, text."""
