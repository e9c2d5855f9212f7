package job

func serveJobIfAsked() {}
