; GIMP 3: a single result comes as it is; several of a kind are a vector.
(define (value result) result)
(define (several result) (vector->list result))
; The results of a procedure of a plug-in.
(define (results-of result) (if (list? result) result (list result)))

(define (write-png image layer path) (file-png-export #:run-mode RUN-NONINTERACTIVE #:image image #:file path))
(define (save-xcf image path) (gimp-xcf-save RUN-NONINTERACTIVE image path))
(define (read-picture path) (gimp-file-load RUN-NONINTERACTIVE path))
(define (images) (several (gimp-get-images)))
(define (active-layer image) (car (several (gimp-image-get-selected-layers image))))
(define (choose-layer image layer) (gimp-image-set-selected-layers image (vector layer)))
(define (new-layer image name width height) (gimp-layer-new image name width height RGBA-IMAGE 100 LAYER-MODE-NORMAL))
(define (new-group image name) (gimp-group-layer-new image name))
(define no-parent -1)
(define (layers-in group) (several (gimp-item-get-children group)))
(define (offsets drawable) (gimp-drawable-get-offsets drawable))
(define (width-of drawable) (gimp-drawable-get-width drawable))
(define (height-of drawable) (gimp-drawable-get-height drawable))
(define (image-width image) (gimp-image-get-width image))
(define (image-height image) (gimp-image-get-height image))
(define (selection-empty? image) (gimp-selection-is-empty image))
; The channels of a pixel, as a list.
(define (pixel drawable x y) (gimp-drawable-get-pixel drawable x y))
; The corners are x, y, x, y …
(define (select-polygon image corners) (gimp-image-select-polygon image CHANNEL-OP-REPLACE (list->vector corners)))
