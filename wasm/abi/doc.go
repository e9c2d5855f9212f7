// Package abi owns version 1 of the contract between drdc and a fusion rule in WebAssembly: names and types of the exports and
// imports, and the bytes of the two records that a host writes into the memory of a guest. ABI.md beside this file is the whole
// contract on one page; drdc.wit says the same in WIT.
//
// A host, native or in a browser, does for every image:
//
//	record := guest.drdc_alloc(...)        // once: records, texts and one map
//	guest.drdc_begin(record)               // abi.PutImage wrote the record
//	for each map { guest.drdc_map(record) } // abi.PutMap, then the map's pixels
//	score := guest.drdc_finish(heatmap)    // the guest writes height*width float32
//
// The package imports nothing of the project and builds for every target, the browser included.
package abi
